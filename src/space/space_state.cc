#include "space/space_state.h"

#include <algorithm>

#include <cleave/detail/word.h>

#include "frames/state/lack.h"
#include "sync/memory.h"

namespace cleave::detail {
namespace {

// A space of a pool with a backing, whose frames may go.
struct NotifiedSpace final : SpaceState, Notifier {
  using SpaceState::SpaceState;

  void invalidate() noexcept override {
    const sync::Guard guard(lock);
    if (accessors != nullptr) accessors->invalidate();
  }
  void note_looking() noexcept override {
    const sync::Guard guard(lock);
    if (accessors != nullptr) accessors->note_looking();
  }
  [[nodiscard]] bool is_looking() noexcept override {
    const sync::Guard guard(lock);
    return accessors != nullptr && accessors->is_looking();
  }
};

}  // namespace

SpaceState* SpaceState::make(Frames& frames) noexcept {
  if (frames.away() == nullptr) {
    auto* state = sync::make<SpaceState>(frames);
    if (state != nullptr) frames.retain_for_space();
    return state;
  }
  auto* state = sync::make<NotifiedSpace>(frames);
  if (state == nullptr) return nullptr;
  frames.retain_for_space();
  frames.away()->notifiers.add(*state);
  return state;
}

void SpaceState::release() noexcept {
  const bool here = is_here();  // before the locked operation, which loads wait for
  if (handles.fetch_sub(1, sync::acq_rel) != 1 || !here) return;
  lock.assume_held();  // the last handle is gone
  Frames& pool = frames;
  auto* const notified = pool.away() == nullptr ? nullptr : static_cast<NotifiedSpace*>(this);
  if (notified != nullptr) pool.away()->notifiers.remove(*notified);
  AccessorList::end(accessors);  // it retired nothing that its last accessor did not drop
  table.drop(pool);
  if (notified != nullptr) {
    sync::destroy(notified);
  } else {
    sync::destroy(this);
  }
  pool.release_for_space();
}

Result<std::byte*> SpaceState::owned(PageNo page, Protection needed, Table::Contents contents) {
  if (auto allowed = regions.check({page, page + 1}, needed); !allowed) {
    return tl::unexpected(allowed.error());
  }
  if (accessors == nullptr) {
    Retired retired;
    const auto owned = table.own(page, frames, retired, contents);
    retired.drop_all(frames);
    if (!owned) return tl::unexpected(owned.error());
    return frames.data(owned->frame);
  }
  // With accessors the new frame can be read as soon as it is in the table, so it needs its
  // contents then.
  for (;;) {
    Retired retired;
    accessors->begin_move(page);
    const auto owned = table.own(page, frames, retired);
    if (owned && owned->moved) {
      accessors->commit_move(page);
    } else {
      accessors->abort_move(page);
    }
    accessors->retire(retired, frames);
    if (owned) return frames.data(owned->frame);
    // Retired frames may be what is missing.
    if (lack::is_bytes(owned.error()) || !accessors->drain_retired(frames))
      return tl::unexpected(owned.error());
  }
}

Result<std::size_t> SpaceState::overwrite_some(std::span<const Table::NewPage> pages) {
  const auto allowed = [this](const Table::NewPage& each) CLEAVE_UNCHECKED {
    return regions.check({each.page, each.page + 1}, Protection::read_write).has_value();
  };
  pages = pages.first(std::min(pages.size(), Table::kMostNewPages));
  const auto refused = std::ranges::find_if_not(pages, allowed);
  if (accessors == nullptr && refused != pages.begin()) {
    return table.replace({pages.begin(), refused}, frames);
  }
  const auto to = replaceable(pages.front().page);
  if (!to) return tl::unexpected(to.error());
  sync::write_bytes(*to, pages.front().bytes, kPageSize);
  return 1;
}

Result<void> SpaceState::overwrite(std::span<const Table::NewPage> pages, std::size_t& written) {
  for (written = 0; written < pages.size();) {
    const auto some = with_lock([&]() -> Result<std::size_t> {
      lock.assume_held();  // by with_lock()
      return overwrite_some(pages.subspan(written));
    });
    if (!some) return tl::unexpected(some.error());
    written += *some;
  }
  return {};
}

Result<const std::byte*> SpaceState::readable(PageNo page) {
  if (auto allowed = regions.check({page, page + 1}, Protection::read); !allowed) {
    return tl::unexpected(allowed.error());
  }
  const FrameId frame = table.find(page);
  const std::byte* base = frames.reach(frame);
  if (base == nullptr) return frames.lacks(frame);
  return base;
}

}  // namespace cleave::detail
