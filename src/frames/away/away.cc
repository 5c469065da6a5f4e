#include "frames/away/away.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/address_space.h"
#include "base/fail.h"
#include "frames/away/merger.h"
#include "frames/slots/reserved.h"
#include "frames/state/lack.h"
#include "sync/memory.h"

namespace cleave::detail {
namespace {

constexpr Refusals kRecords =
    CLEAVE_REFUSALS("mmap", "the kernel cannot map memory for where a pool's pages are");

tl::unexpected<Error> no_name() {
  return fail(Errc::no_memory,
              "the pool holds as many pages as its memory and its backing can; drop forks or "
              "snapshots, or give it a larger backing");
}

template <class T>
bool reserve(T*& array, std::uint64_t count) {
  array = static_cast<T*>(reserve_zeroed(count * sizeof(T)));
  return array != nullptr;
}

}  // namespace

Away::Away(Slots& slots, FrameState* states, std::uint64_t frames) noexcept
    : slots_(slots), states_(states), frames_(frames), merger_(sync::make_owned<Merger>(*this)) {}

Result<Away*> Away::create(Slots& slots, FrameState* states, std::uint64_t frames,
                           std::unique_ptr<Backing> backing) {
  auto* away = sync::make<Away>(slots, states, frames);
  if (away == nullptr || away->merger_ == nullptr) {
    sync::destroy(away);
    return fail(Errc::no_memory, "out of memory allocating a pool");
  }
  if (!reserve(away->slot_of_, frames + 1) || !reserve(away->place_of_, frames + 1) ||
      !reserve(away->links_, frames + 1) || !reserve(away->owner_, slots.count() + 1) ||
      !away->ages_.reserve(slots.count()) || !reserve(away->copies_, kBatch * kPageSize)) {
    const int why = errno;
    sync::destroy(away);
    return refused_mapping(kRecords, (frames + 1) * 16, Mapped::own, why);
  }
  away->backing_ = std::move(backing);
  return away;
}

Away::~Away() {
  give_back_reserved(slot_of_, (frames_ + 1) * sizeof(*slot_of_));
  give_back_reserved(place_of_, (frames_ + 1) * sizeof(*place_of_));
  give_back_reserved(links_, (frames_ + 1) * sizeof(*links_));
  give_back_reserved(owner_, (slots_.count() + 1) * sizeof(*owner_));
  give_back_reserved(copies_, kBatch * kPageSize);
}

FrameId Away::take_name() noexcept {
  const FrameId free = free_.pop(links_);
  if (free != kZeroFrame) return free;
  const Fresh fresh = take_fresh(1);
  return fresh.count == 0 ? kZeroFrame : FrameId{static_cast<std::uint32_t>(fresh.first)};
}

Result<Away::Taken> Away::take() noexcept {
  const FrameId frame = take_name();
  if (frame == kZeroFrame) return no_name();
  const auto taken = slots_.take();
  if (!taken) {
    free_name(frame);
    return lack::memory();
  }
  background.marks.taken(slots_);
  settle(frame, taken->slot, true);
  place_of_[raw(frame)].store(0, sync::relaxed);
  state(frame).own_backed();
  return Taken{frame, taken->zeroed};
}

// In one step: a space may adopt a million pages.
Away::Fresh Away::take_fresh(std::uint64_t most) noexcept {
  std::uint64_t fresh = fresh_.load(sync::relaxed);
  for (;;) {
    const std::uint64_t count = fresh <= frames_ ? std::min(most, frames_ - fresh + 1) : 0;
    if (count == 0 || fresh_.compare_exchange(fresh, fresh + count, sync::relaxed)) {
      return {fresh, count};
    }
  }
}

Result<Away::Names> Away::take_names(std::uint64_t count) noexcept {
  Names names;
  const bool fails = sync::allocation_fails();
  while (!fails && names.given_back.count < count) {
    const FrameId free = free_.pop(links_);
    if (free == kZeroFrame) break;
    names.given_back.push(free, links_);
  }
  const Fresh fresh = take_fresh(fails ? 0 : count - names.given_back.count);
  names.first = fresh.first;
  names.fresh = fresh.count;
  if (names.given_back.count + names.fresh < count) {
    give_back(names);
    return no_name();
  }
  fill_reserved(&place_of_[names.first], names.fresh * sizeof(*place_of_));
  fill_reserved(&states_[names.first], names.fresh * sizeof(*states_));
  away_.add(count, sync::relaxed);
  return names;
}

void Away::give_back(Names& names) noexcept {
  FrameChain& all = names.given_back;
  for (; names.fresh > 0; --names.fresh) {
    all.push(FrameId{static_cast<std::uint32_t>(names.first++)}, links_);
  }
  if (!all.empty()) free_.push(all, links_);
}

void Away::settle(FrameId frame, Slot slot, bool marked) noexcept {
  ages_.begin(slot, marked);
  slot_of_[raw(frame)].store(raw(slot), sync::relaxed);
  owner_[raw(slot)].store(raw(frame), sync::relaxed);
}

void Away::give(const FrameChain& chain) noexcept {
  FrameId frame = chain.first;
  for (std::uint64_t i = 0; i < chain.count; ++i) {
    const FrameId next{links_[raw(frame)].load(sync::relaxed)};
    if (state(frame).is_merged()) {
      end_merged(frame);
    } else if (state(frame).is_here()) {
      free_slot(slot(frame));
    } else {
      away_.sub(1, sync::relaxed);
    }
    drop_place(frame);
    free_name(frame);
    frame = next;
  }
}

void Away::give_one(FrameId frame) noexcept {
  FrameChain one;
  one.push(frame, links_);
  give(one);
}

void Away::end_merged(FrameId frame) noexcept {
  const FrameId with = merged_with(frame);
  place_of_[raw(frame)].store(0, sync::relaxed);
  merger_->ends(with);
  if (with != kZeroFrame && state(with).drop()) give_one(with);
}

bool Away::wire(FrameId& frame, bool* here) noexcept {
  for (;;) {
    frame = whose(frame);
    if (frame == kZeroFrame) return *here = true;
    if (state(frame).wire(here)) return true;
    if (!state(frame).is_merged()) return false;
  }
}

void Away::drop_place(FrameId frame) noexcept {
  const Backing::Place place{place_of_[raw(frame)].load(sync::relaxed)};
  if (place == Backing::Place::none) return;
  place_of_[raw(frame)].store(0, sync::relaxed);
  if (place == kZeroes) return;
  backing_->drop(place);
  dropped_.add(1, sync::relaxed);
}

void Away::free_slot(Slot slot) noexcept {
  owner_[raw(slot)].store(0, sync::relaxed);
  SlotChain one;
  one.push(slot, slots_.links());
  slots_.give(one);
}

void Away::free_name(FrameId frame) noexcept {
  state(frame).clear();
  FrameChain one;
  one.push(frame, links_);
  free_.push(one, links_);
}

void Away::add_to(PoolStatistics& statistics) const noexcept {
  statistics.away = away_.load(sync::relaxed);
  statistics.went = went_.load(sync::relaxed);
  statistics.came = came_.load(sync::relaxed);
  merger_->add_to(statistics);
}

}  // namespace cleave::detail
