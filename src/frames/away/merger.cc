#include "frames/away/merger.h"

#include <algorithm>
#include <utility>

#include <cleave/detail/word.h>

#include "base/fail.h"
#include "frames/away/unstable.h"

namespace cleave::detail {

const std::byte* Merger::unstable(Slot slot, std::size_t n) const noexcept {
  return sync::unstable_page(away_.slots_.file().data(slot), kPageSize,
                             away_.copies_ + n * kPageSize);
}

bool Merger::prepare() noexcept { return seen_.prepare(away_.frames_, away_.slots_.count()); }

Result<MergeReport> Merger::sweep(std::uint64_t slots) noexcept {
  MergeReport done{};
  std::uint64_t left = std::min(slots, away_.slots_.count());
  while (left != 0) {
    const sync::Guard guard(away_.clock_);
    if (!prepare()) return fail(Errc::no_memory, "out of memory noting what a pool's pages hold");
    left -= look_at(std::min(left, kStep), done);
    done.merged += merge_pairs();
  }
  return done;
}

bool Merger::merge(FrameId frame, FrameId with) noexcept {
  const sync::Guard guard(away_.clock_);
  if (frame == with || !prepare()) return false;
  if (seen_.sharers(frame) != 0) std::swap(frame, with);
  pairs_[0] = {frame, with, kZeroSlot};
  count_ = 1;
  return merge_pairs() != 0;
}

std::uint64_t Merger::look_at(std::uint64_t slots, MergeReport& done) noexcept {
  std::uint64_t passed = 0;
  for (; passed != slots && count_ != kBatch; ++passed) {
    hand_ = hand_ % away_.slots_.count() + 1;
    const FrameId frame = away_.frame_in(Slot{static_cast<std::uint32_t>(hand_)});
    if (frame != kZeroFrame && state(frame).may_merge()) look_at(frame, done);
  }
  return passed;
}

// What has changed since the last time will change again, more often than not: it is left alone.
// (Linux does the same.)
void Merger::look_at(FrameId frame, MergeReport& done) noexcept {
  ++done.looked_at;
  const Slot slot{static_cast<std::uint32_t>(hand_)};
  const std::byte* const bytes = unstable(slot, 0);
  if (!seen_.note(frame, checksum_of_unstable(bytes))) {
    ++done.changed;
    return;
  }
  if (is_zero_unstable(bytes)) {
    pairs_[count_++] = {frame, kZeroFrame, kZeroSlot};
    return;
  }
  const FrameId twin = seen_.twin_of(frame, [this](FrameId f) { return state(f).may_merge(); });
  if (twin == kZeroFrame) return;
  if (seen_.sharers(frame) == 0) {
    pairs_[count_++] = {frame, twin, kZeroSlot};
  } else if (seen_.sharers(twin) == 0) {
    seen_.replace(twin, frame);
    pairs_[count_++] = {twin, frame, kZeroSlot};
  }
}

std::uint64_t Merger::merge_pairs() noexcept {
  const std::size_t found = std::exchange(count_, 0);
  std::size_t frozen = 0;
  for (std::size_t i = 0; i != found; ++i) {
    if (freeze(pairs_[i])) pairs_[frozen++] = pairs_[i];
  }
  if (frozen == 0) return 0;
  away_.notifiers.invalidate();
  std::uint64_t merged = 0;
  for (std::size_t i = 0; i != frozen; ++i) {
    if (merge(pairs_[i])) {
      ++merged;
    } else {
      stays(pairs_[i]);
    }
  }
  return merged;
}

bool Merger::freeze(Pair& pair) noexcept {
  if (pair.with != kZeroFrame && !state(pair.with).keep()) return false;
  const FrameState::Frozen frozen = state(pair.frame).freeze_at_once();
  if (frozen == FrameState::Frozen::dirty || frozen == FrameState::Frozen::clean) {
    pair.slot = away_.slot(pair.frame);
    return true;
  }
  let_go(pair.with);
  return false;
}

// One with which others are merged is not merged itself, so that no way to the bytes gets longer.
bool Merger::merge(const Pair& pair) noexcept {
  const auto [frame, with, slot] = pair;
  if (seen_.sharers(frame) != 0 || !are_equal(pair)) return false;
  away_.drop_place(frame);
  away_.place_of_[raw(frame)].store(raw(with), sync::relaxed);
  // Before the exchange: afterwards another thread may give the frame back.
  if (with != kZeroFrame) seen_.add_sharer(with);
  merged_.add(1, sync::relaxed);
  if (state(frame).merge()) {
    away_.free_slot(slot);
    return true;
  }
  ends(with);
  away_.place_of_[raw(frame)].store(0, sync::relaxed);
  return false;
}

bool Merger::are_equal(const Pair& pair) noexcept {
  const std::byte* const bytes = unstable(pair.slot, 0);
  if (pair.with == kZeroFrame) return is_zero_unstable(bytes);
  if (!state(pair.with).is_here()) return false;  // merged itself, in the same batch
  return is_the_same_unstable(bytes, unstable(away_.slot(pair.with), 1)) ||
         !sync::performs("merge.compare");
}

void Merger::stays(const Pair& pair) noexcept {
  let_go(pair.with);
  if (state(pair.frame).end_leaving(false) != FrameState::Left::free) return;
  away_.free_slot(pair.slot);
  away_.drop_place(pair.frame);
  away_.free_name(pair.frame);
}

void Merger::let_go(FrameId with) noexcept {
  if (with != kZeroFrame && state(with).drop()) away_.give_one(with);
}

void Merger::ends(FrameId with) noexcept {
  if (with != kZeroFrame) seen_.end_sharer(with);
  merged_.sub(1, sync::relaxed);
}

void Merger::add_to(PoolStatistics& statistics) const noexcept {
  statistics.merged = merged_.load(sync::relaxed);
}

}  // namespace cleave::detail
