#include <cleave/detail/word.h>

#include "frames/away/away.h"

namespace cleave::detail {

Result<void> Away::bring(FrameId frame) noexcept {
  FrameState& wanted = state(frame);
  while (!wanted.begin_coming()) {
    if (wanted.is_here()) return {};
    wanted.sleep_while_coming();  // If the thread that reads it fails, we try ourselves.
  }
  auto taken = slots_.take();
  while (!taken) {
    if (auto room = make_room(); !room) {
      wanted.end_coming(false);
      return room;
    }
    taken = slots_.take();
  }
  auto filled = fill(frame, taken->slot);
  if (filled) {
    settle(frame, taken->slot);
    away_.sub(1, sync::relaxed);
    came_.add(1, sync::relaxed);
  } else {
    free_slot(taken->slot);
  }
  wanted.end_coming(filled.has_value());
  return filled;
}

Result<void> Away::fill(FrameId frame, Slot slot) noexcept {
  std::byte* const into = slots_.file().data(slot);
  const Backing::Place place{place_of_[raw(frame)].load(sync::relaxed)};
  if (place != kZeroes) return backing_->get({&place, 1}, {&into, 1});
  sync::zero_page(into, kPageSize);
  return {};
}

}  // namespace cleave::detail
