#include "lab/engine/stage/page_of.h"

#include "base/handle_access.h"
#include "frames/away/merger.h"
#include "pins/hold_state.h"
#include "space/space_state.h"

namespace lab::engine {

using cleave::FrameId;
using cleave::PageNo;
using cleave::detail::HandleAccess;
using cleave::detail::SpaceState;

FrameId frame_at(const cleave::Space& space, PageNo page) {
  SpaceState& state = HandleAccess::state(space);
  const cleave::detail::sync::Guard guard(state.lock);
  return state.table.find(page);
}

FrameId frame_at(const cleave::Hold& hold, PageNo page) {
  return HandleAccess::state(hold).table.find(page);
}

FrameId frame_behind(const cleave::Pool& pool, const cleave::Pin& pin) {
  return HandleAccess::state(pool).frame_at(pin.pieces()[0].iov_base);
}

bool owns(const cleave::Space& space, PageNo page) {
  SpaceState& state = HandleAccess::state(space);
  const cleave::detail::sync::Guard guard(state.lock);
  return state.table.find_owned(page, state.frames) != cleave::kZeroFrame;
}

bool is_pinned(const cleave::Pool& pool, FrameId frame) {
  return frame != cleave::kZeroFrame && HandleAccess::state(pool).state(frame).is_pinned();
}

bool is_away(const cleave::Pool& pool, FrameId frame) {
  return !HandleAccess::state(pool).is_in_memory(frame);
}

bool are_one(const cleave::Pool& pool, FrameId one, FrameId other) {
  const cleave::detail::Away* away = HandleAccess::state(pool).away();
  return one == other || (away != nullptr && away->whose(one) == away->whose(other));
}

bool evict(const cleave::Pool& pool, FrameId frame) {
  return frame != cleave::kZeroFrame && HandleAccess::state(pool).away()->evict(frame);
}

bool merge(const cleave::Pool& pool, FrameId frame, FrameId with) {
  if (frame == cleave::kZeroFrame || with == cleave::kZeroFrame) return false;
  return HandleAccess::state(pool).away()->merger().merge(frame, with);
}

}  // namespace lab::engine
