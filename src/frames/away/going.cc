#include <algorithm>

#include <cleave/detail/word.h>

#include "base/fail.h"
#include "base/page_contents.h"
#include "frames/away/away.h"
#include "sync/wait.h"

namespace cleave::detail {

Result<void> Away::make_room(std::uint64_t wanted) noexcept {
  const sync::Guard guard(clock_);
  const std::uint64_t left = slots_.left();
  if (left >= wanted) return {};  // by who had the clock before us
  const bool went = reclaim_locked(wanted - left) != 0;
  if (slots_.left() >= wanted || (went && wanted <= 2 * slots_.count())) return {};
  if (!refused_) return refused_;
  return fail(Errc::no_memory,
              "all of the pool's memory is pinned or being looked at; release pins and views, or "
              "give the pool more memory");
}

std::uint64_t Away::reclaim(std::uint64_t count) noexcept {
  const sync::Guard guard(clock_);
  return reclaim_locked(count);
}

std::uint64_t Away::reclaim_locked(std::uint64_t count) noexcept {
  std::uint64_t freed = 0;
  refused_ = {};
  std::uint64_t looked = 0;  // since something went
  std::uint64_t dropped = dropped_.load(sync::relaxed);
  for (unsigned round = 0; freed < count && round != kMostRounds; ++round) {
    if (!freeze_batch(looked)) break;
    // A bit that was cleared means something only once no thread remembers the way.
    notifiers.invalidate();
    if (const std::uint64_t went = send_batch(); went != 0) {
      freed += went;
      looked = 0;
      continue;
    }
    // Others meet what was to go, or have it on its way in; or the backing takes nothing. Pages of
    // which it has a copy can go all the same: so many rounds find them.
    if (!refused_ && looked >= Ages::kRounds * slots_.count()) {
      if (refused_.error().code != Errc::no_memory) break;
      const bool coming = is_any_coming();  // before: what has come since has a copy to drop
      drop_copies();
      if (const std::uint64_t now = dropped_.load(sync::relaxed); now != dropped || coming) {
        dropped = now;
      } else {
        break;
      }
      looked = 0;
    }
    sync::relax(round);
  }
  return freed;
}

FrameState::Frozen Away::freeze_into_batch(FrameId frame) noexcept {
  const FrameState::Frozen frozen = state(frame).freeze();
  const bool clean = frozen == FrameState::Frozen::clean;
  if (clean || frozen == FrameState::Frozen::dirty) frozen_[count_++] = {frame, slot(frame), clean};
  return frozen;
}

FrameState::Frozen Away::pass(FrameId frame, Slot slot) noexcept {
  if (!state(frame).is_marked() && !ages_.sink(slot)) return FrameState::Frozen::not_now;
  const FrameState::Frozen frozen = freeze_into_batch(frame);
  if (frozen == FrameState::Frozen::met) ages_.rise(slot);
  return frozen;
}

bool Away::evict(FrameId frame) noexcept {
  const sync::Guard guard(clock_);
  count_ = 0;
  if (freeze_into_batch(frame) == FrameState::Frozen::met) (void)freeze_into_batch(frame);
  if (count_ == 0) return false;
  notifiers.invalidate();
  return send_batch() != 0;
}

// Not more than once round: a frame that was met is not frozen before all have forgotten it. False:
// there is nothing that could go, now or the next time. What is on its way in or out can.
bool Away::freeze_batch(std::uint64_t& looked) noexcept {
  const std::uint64_t used = slots_.used();
  std::uint64_t owned = 0;
  std::uint64_t kept = 0;
  count_ = 0;
  for (std::uint64_t n = slots_.count(); n != 0 && count_ != batch(); --n, ++looked) {
    hand_ = hand_ % slots_.count() + 1;
    const Slot slot{static_cast<std::uint32_t>(hand_)};
    const FrameId frame = frame_in(slot);
    if (frame == kZeroFrame) continue;
    ++owned;
    if (pass(frame, slot) == FrameState::Frozen::kept) ++kept;
  }
  return kept != owned || owned < used;
}

// A full backing has copies of pages that are in memory, and cannot go for a pin or a view: it has
// room again without them.
void Away::drop_copies() noexcept {
  for (std::uint64_t n = 1; n <= slots_.count(); ++n) {
    const FrameId frame = frame_in(Slot{static_cast<std::uint32_t>(n)});
    if (frame == kZeroFrame || !state(frame).wire_without_copy()) continue;
    drop_place(frame);
    if (state(frame).unwire()) give_one(frame);
  }
}

// Or being given back: in a moment, things will be otherwise.
bool Away::is_any_coming() const noexcept {
  std::uint64_t settled = 0;
  for (std::uint64_t n = 1; n <= slots_.count(); ++n) {
    const FrameId frame = frame_in(Slot{static_cast<std::uint32_t>(n)});
    if (frame != kZeroFrame && state(frame).is_settled()) ++settled;
  }
  return settled < slots_.used();
}

// From copies: a page that a thread meets and writes to meanwhile stays, and what became of its
// copy counts for nothing; but a backing is to see pages that stand still.
void Away::put_batch() noexcept {
  std::array<const std::byte*, kBatch> pages;
  std::array<Backing::Place, kBatch> places;
  std::array<FrameId, kBatch> whose;
  std::size_t n = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    const Frozen& f = frozen_[i];
    if (f.clean) continue;
    drop_place(f.frame);
    std::byte* copy = copies_ + n * kPageSize;
    sync::copy_unstable_page(copy, slots_.file().data(f.slot), kPageSize);
    if (is_zero(copy)) {
      place_of_[raw(f.frame)].store(static_cast<std::uint64_t>(kZeroes), sync::relaxed);
      continue;
    }
    pages[n] = copy;
    places[n] = Backing::Place::none;
    whose[n++] = f.frame;
  }
  if (n == 0) return;
  refused_ = backing_->put({pages.data(), n}, {places.data(), n});
  for (std::size_t i = 0; i < n; ++i)
    place_of_[raw(whose[i])].store(static_cast<std::uint64_t>(places[i]), sync::relaxed);
}

std::uint64_t Away::send_batch() noexcept {
  put_batch();
  std::uint64_t freed = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    const Frozen& f = frozen_[i];
    const bool goes = place_of_[raw(f.frame)].load(sync::relaxed) != 0;
    // Before the exchange: afterwards another thread may bring the frame, and give it back.
    away_.add(1, sync::relaxed);
    const FrameState::Left left = state(f.frame).end_leaving(goes);
    if (left == FrameState::Left::stays) {
      away_.sub(1, sync::relaxed);
      continue;  // The copy is dropped when the frame goes the next time, or is given back.
    }
    free_slot(f.slot);
    ++freed;
    if (left == FrameState::Left::away) continue;
    away_.sub(1, sync::relaxed);
    drop_place(f.frame);
    free_name(f.frame);
  }
  went_.add(freed, sync::relaxed);
  return freed;
}

}  // namespace cleave::detail
