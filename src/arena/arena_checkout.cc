// How the memory becomes what it was.
#include <algorithm>
#include <cstring>

#include "arena/arena_state.h"
#include "arena/memory/page_copies.h"
#include "arena/memory/page_window.h"
#include "base/fail.h"
#include "base/handle_access.h"
#include "base/page_contents.h"
#include "space/read_ahead.h"
#include "space/snapshot_state.h"

namespace cleave::detail {

namespace {

// Memory of that many pages and more is given back when it becomes zeroes, rather than written.
constexpr std::uint64_t kWorthPunching = 16;

}  // namespace

Result<void> ArenaState::find_differing(const Commit& target) {
  changed_.move({0, mapping_.pages()}, differing_);
  const PageNo first = page_of(address_of_page(0));
  auto found = diff(head_->snapshot(), target.snapshot(), [&](PageRange differs) {
    lock_.assume_held();  // by the function around
    const PageRun run{differs.first - first, differs.end - first};
    differing_.add(run);
    // Memory that comes back where there is none now is written through the alias, so that the
    // native mapping has no entry for it, and the tracker cannot know who wrote.
    suspected_.add(run);
  });
  // These hold what the target does: check_pins() has looked. What a device has written since
  // stays.
  for (const Pinned& pinned : pins_) {
    if (pinned.access == PinAccess::write) differing_.remove(pinned.run);
  }
  return found;
}

Result<void> ArenaState::check_pins(const Commit& target) const {
  for (const Pinned& pinned : pins_) {
    if (pinned.access == PinAccess::read) continue;
    ResidentRanges resident(mapping_);
    for (std::uint64_t page = pinned.run.first; page < pinned.run.end; ++page) {
      const SnapshotState& there = HandleAccess::state(target.snapshot());
      const PageNo number = page_of(address_of_page(page));
      if (!there.has(number) && !resident.has(page)) continue;  // to read a hole gives it memory
      const auto then = there.look(number);
      if (!then) return tl::unexpected(then.error());
      if (is_the_same(mapping_.alias(page), then->bytes())) continue;
      return fail(Errc::pinned,
                  "a page is pinned for writing and would change; release the pin first",
                  address_of_page(page));
    }
  }
  return {};
}

void ArenaState::clear(PageRun run) {
  const bool pinned = std::any_of(pins_.begin(), pins_.end(), [&](const Pinned& p) {
    return p.run.first < run.end && run.first < p.run.end;
  });
  // A pinned page stays the device's page, and is written.
  if (run.pages() >= kWorthPunching && !pinned && mapping_.punch(run)) {
    choice_.tracker->punched(run);
    return;
  }
  std::memset(mapping_.alias(run.first), 0, run.pages() * kPageSize);
}

Result<void> ArenaState::bring_differing(const SnapshotState& from) {
  if (from.frames.away() == nullptr) return {};
  const auto for_each_away = [&](auto visit) CLEAVE_REQUIRES(lock_) {
    return differing_.for_each_run([&](PageRun run) -> Result<void> {
      for (std::uint64_t page = run.first; page < run.end; ++page) {
        const PageNo number = page_of(address_of_page(page));
        if (from.is_here(number)) continue;
        if (Result<void> done = visit(number); !done) return done;
      }
      return {};
    });
  };
  std::uint64_t away = 0;
  (void)for_each_away([&away](PageNo) {
    ++away;
    return Result<void>();
  });
  if (away == 0 || away > from.frames.slots().count() / 2) return {};
  ReadAhead ahead(from);
  (void)for_each_away([&ahead](PageNo page) {
    ahead.add(page);
    return Result<void>();
  });
  ahead.bring();
  return for_each_away([&from](PageNo page) { return from.look(page).map([](Look&&) {}); });
}

// Through the alias: what we write is not to count as a change.
Result<void> ArenaState::restore(const SnapshotState& from, PageRun run, PageCopies& copies) {
  for (std::uint64_t page = run.first; page < run.end;) {
    if (const PageNo number = page_of(address_of_page(page)); from.has(number)) {
      auto then = from.look(number);
      if (!then) return tl::unexpected(then.error());
      copies.add(mapping_.alias(page), std::move(*then));
      ++page;
      continue;
    }
    std::uint64_t end = page + 1;
    while (end < run.end && !from.has(page_of(address_of_page(end)))) ++end;
    clear({page, end});
    page = end;
  }
  restored_pages_ += run.pages();
  return {};
}

// A window of pages at a time, wherever they lie, where some of them may be away.
Result<void> ArenaState::restore(const SnapshotState& from) {
  PageCopies copies;
  ReadAhead ahead(from);
  PageWindow window(ahead.window());
  const auto restore_window = [&]() CLEAVE_REQUIRES(lock_) -> Result<void> {
    for (const PageRun run : window.runs()) {
      for (std::uint64_t n = run.first; n < run.end; ++n) ahead.add(page_of(address_of_page(n)));
    }
    ahead.bring();
    for (const PageRun run : window.runs()) {
      if (auto done = restore(from, run, copies); !done) return done;
    }
    window.clear();
    return {};
  };
  auto done = differing_.for_each_run([&](PageRun run) -> Result<void> {
    lock_.assume_held();  // by the function around
    if (ahead.window() == 0) return restore(from, run, copies);
    while (run.pages() != 0) {
      run = window.add(run);
      if (!window.is_full()) break;
      if (auto full = restore_window(); !full) return full;
    }
    return {};
  });
  if (done) done = restore_window();
  if (done) differing_.clear();
  return done;
}

Result<void> ArenaState::checkout(const Commit& target) {
  if (auto here = check_here(); !here) return here;
  const sync::Guard guard(lock_);
  if (!history_->has(target)) {
    return fail(Errc::bad_argument, "the commit belongs to another arena");
  }
  return stand_at(target);
}

Result<void> ArenaState::revert() {
  if (auto here = check_here(); !here) return here;
  const sync::Guard guard(lock_);
  return stand_at(*head_);
}

Result<void> ArenaState::stand_at(const Commit& target) {
  if (auto right = check_memory("a checkout"); !right) return right;
  TrapFor trap(trap_);
  if (auto trapped = trap.all("a checkout"); !trapped) return trapped;
  if (auto collected = collect({0, mapping_.pages()}); !collected) return collected;
  if (auto allowed = check_pins(target); !allowed) return allowed;
  choice_.tracker->epoch_ended(changed_.count());
  if (auto found = find_differing(target); !found) return found;
  const SnapshotState& from = HandleAccess::state(target.snapshot());
  auto restored = bring_differing(from);
  if (restored) restored = restore(from);
  if (!restored) {
    // Some hold what head_ does, some what the target does, some neither.
    differing_.move({0, mapping_.pages()}, changed_);
    return restored;
  }
  if (target == *head_) return {};
  recorded_back_to(target);
  History::move(*head_, target);
  return {};
}

}  // namespace cleave::detail
