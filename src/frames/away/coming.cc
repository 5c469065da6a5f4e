#include <algorithm>
#include <array>

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
  background.marks.taken(slots_);
  auto filled = fill(frame, taken->slot);
  end_coming(frame, taken->slot, filled.has_value());
  return filled;
}

void Away::end_coming(FrameId frame, Slot slot, bool here) noexcept {
  if (here) {
    settle(frame, slot, false);
    away_.sub(1, sync::relaxed);
    came_.add(1, sync::relaxed);
  } else {
    free_slot(slot);
  }
  state(frame).end_coming(here);
}

// Room is made before the first of them is on its way: a thread that has frames on their way must
// not wait for memory, for all that there is may be theirs.
void Away::bring_together(std::span<const FrameId> frames) noexcept {
  if (slots_.left() < frames.size()) (void)reclaim(frames.size() - slots_.left());
  std::array<FrameId, kTogether> coming;
  std::array<Slot, kTogether> slots;
  std::array<Backing::Place, kTogether> places;
  std::array<std::byte*, kTogether> into;
  std::size_t n = 0;
  for (const FrameId frame : frames.first(std::min(frames.size(), kTogether))) {
    if (!state(frame).begin_coming()) continue;
    const auto taken = slots_.take();
    if (!taken) {
      state(frame).end_coming(false);
      break;
    }
    coming[n] = frame;
    slots[n] = taken->slot;
    places[n] = Backing::Place{place_of_[raw(frame)].load(sync::relaxed)};
    into[n] = slots_.file().data(taken->slot);
    if (places[n] == kZeroes) {
      sync::zero_page(into[n], kPageSize);
      end_coming(frame, slots[n], true);
    } else {
      ++n;
    }
  }
  background.marks.taken(slots_);
  if (n == 0) return;
  const bool here = backing_->get({places.data(), n}, {into.data(), n}).has_value();
  for (std::size_t i = 0; i < n; ++i) end_coming(coming[i], slots[i], here);
}

Result<void> Away::fill(FrameId frame, Slot slot) noexcept {
  std::byte* const into = slots_.file().data(slot);
  const Backing::Place place{place_of_[raw(frame)].load(sync::relaxed)};
  if (place != kZeroes) return backing_->get({&place, 1}, {&into, 1});
  sync::zero_page(into, kPageSize);
  return {};
}

}  // namespace cleave::detail
