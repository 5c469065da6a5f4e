#include "backing/swap/slots.h"

#include <algorithm>
#include <bit>

namespace cleave::detail::backing {
namespace {

// How many slots a look around takes in, at least: 4 GiB, which is 20 us of looking.
constexpr std::uint64_t kFarEnough = std::uint64_t{1} << 20;

}  // namespace

void SwapSlots::begin(std::span<std::uint64_t> words, std::uint64_t slots,
                      std::uint64_t fresh) noexcept {
  const sync::BareGuard guard(lock_);
  words_ = words;
  slots_ = slots;
  fresh_ = fresh;
}

// The first slot in [from, end) that is used, or is not; `end`, where there is none.
std::uint64_t SwapSlots::next(bool used, std::uint64_t from, std::uint64_t end) const noexcept {
  for (std::uint64_t slot = from; slot < end; slot = (slot / 64 + 1) * 64) {
    const std::uint64_t word = used ? words_[slot / 64] : ~words_[slot / 64];
    const std::uint64_t rest = word >> (slot % 64);
    if (rest != 0) return std::min(end, slot + static_cast<unsigned>(std::countr_zero(rest)));
  }
  return end;
}

// The longest stretch among the slots that were written, from the hand on and round; the first that
// is long enough ends it.
Stretch SwapSlots::look_around(std::uint64_t most) noexcept {
  Stretch best;
  std::uint64_t seen = 0;
  const std::uint64_t begin = hand_ < fresh_ ? hand_ : 0;
  for (const auto& [from, end] : {std::pair{begin, fresh_}, std::pair{std::uint64_t{0}, begin}}) {
    for (std::uint64_t slot = from; slot < end;) {
      const std::uint64_t first = next(false, slot, end);
      if (first == end) break;
      const std::uint64_t past = next(true, first, std::min(end, first + most));
      if (past - first > best.count) best = {first, past - first};
      seen += past - slot;
      slot = past;
      if (best.count == most || (seen >= kFarEnough && best.count != 0)) return best;
    }
  }
  return best;
}

Stretch SwapSlots::take(std::uint64_t most) noexcept {
  const sync::BareGuard guard(lock_);
  Stretch run;
  if (fresh_ > used_) run = look_around(most);
  if (run.count < most && fresh_ < slots_) run = {fresh_, std::min(most, slots_ - fresh_)};
  if (run.count == 0) return run;
  fresh_ = std::max(fresh_, run.first + run.count);
  hand_ = run.first + run.count;
  set(run, true);
  used_ += run.count;
  return run;
}

void SwapSlots::give(Stretch run) noexcept {
  if (run.count == 0) return;
  const sync::BareGuard guard(lock_);
  set(run, false);
  used_ -= run.count;
}

std::uint64_t SwapSlots::used() noexcept {
  const sync::BareGuard guard(lock_);
  return used_;
}

void SwapSlots::set(Stretch run, bool used) noexcept {
  for (std::uint64_t slot = run.first; slot < run.first + run.count;) {
    const std::uint64_t bit = slot % 64;
    const std::uint64_t count = std::min(64 - bit, run.first + run.count - slot);
    const std::uint64_t ones = count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
    if (used) {
      words_[slot / 64] |= ones << bit;
    } else {
      words_[slot / 64] &= ~(ones << bit);
    }
    slot += count;
  }
}

}  // namespace cleave::detail::backing
