#include "cleave/space/space_state.h"

#include "cleave/sync/memory.h"

namespace cleave {

SpaceState* SpaceState::make(Frames& frames) noexcept {
  auto* state = sync::make<SpaceState>(frames);
  if (state != nullptr) frames.census().spaces.add(1, sync::relaxed);
  return state;
}

void SpaceState::let_go() noexcept {
  if (handles.fetch_sub(1, sync::acq_rel) != 1) return;
  Frames& pool = frames;
  sync::destroy(audience);  // it retired nothing that its last accessor did not drop
  table.drop(pool);
  sync::destroy(this);
  pool.census().spaces.sub(1, sync::relaxed);
}

Result<std::byte*> SpaceState::owned(PageNo page, Protection needed, Table::Contents contents) {
  if (auto allowed = regions.check({page, page + 1}, needed); !allowed) {
    return tl::unexpected(allowed.error());
  }
  if (audience == nullptr) {
    Retired retired;
    const auto owned = table.own(page, frames, retired, contents);
    retired.drop_all(frames);
    if (!owned) return tl::unexpected(owned.error());
    return frames.data(owned->frame);
  }
  // With an audience the new frame can be read as soon as it is in the table, so it needs its contents then.
  for (;;) {
    Retired retired;
    audience->page_moving(page);
    const auto owned = table.own(page, frames, retired);
    if (owned && owned->moved) {
      audience->page_moved(page);
    } else {
      audience->page_stayed(page);
    }
    audience->retire(retired, frames);
    if (owned) return frames.data(owned->frame);
    // Retired frames may be what is missing.
    if (!audience->settle(frames)) return tl::unexpected(owned.error());
  }
}

Result<const std::byte*> SpaceState::readable(PageNo page) {
  if (auto allowed = regions.check({page, page + 1}, Protection::read); !allowed) {
    return tl::unexpected(allowed.error());
  }
  return frames.data(table.find(page));
}

}  // namespace cleave
