#include "frames/slots/trim_guard.h"

#include <algorithm>

#include "frames/slots/slots.h"

namespace cleave::detail {

TrimGuard::TrimGuard(Slots& slots) noexcept
    : slots_(slots), last_{static_cast<std::uint32_t>(slots.count())} {
  while (extents() > kMostExtents) ++shift_;
  const sync::Guard guard(slots_.growth_);
  next_ = slots_.trim_guards_;
  slots_.trim_guards_ = this;
}

TrimGuard::~TrimGuard() {
  if (!slots_.file().is_here()) return;
  const sync::Guard guard(slots_.growth_);
  TrimGuard** link = &slots_.trim_guards_;
  while (*link != this) link = &(*link)->next_;
  *link = next_;
}

Slot TrimGuard::first(std::uint64_t extent) const noexcept {
  return Slot{std::max(1u, static_cast<std::uint32_t>(extent << shift_))};
}

std::uint64_t TrimGuard::end(std::uint64_t extent) const noexcept {
  return std::min((extent + 1) << shift_, std::uint64_t{raw(last_)} + 1);
}

bool TrimGuard::keep(std::uint64_t extent) noexcept {
  // Under the lock that trim() holds: what has memory now has it until it is let go.
  const sync::Guard guard(slots_.growth_);
  const Slot from = first(extent);
  if (end(extent) > slots_.populated_) return false;
  if (!slots_.file_.has_memory(from, end(extent) - raw(from))) return false;
  kept_[extent / 64] |= std::uint64_t{1} << (extent % 64);
  return true;
}

void TrimGuard::release(std::uint64_t extent) noexcept {
  const sync::Guard guard(slots_.growth_);
  kept_[extent / 64] &= ~(std::uint64_t{1} << (extent % 64));
}

}  // namespace cleave::detail
