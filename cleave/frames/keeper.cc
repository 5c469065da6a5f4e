#include "cleave/frames/keeper.h"

#include <algorithm>

#include "cleave/frames/frames.h"

namespace cleave {

Keeper::Keeper(Frames& frames) noexcept
    : frames_(frames), last_{static_cast<std::uint32_t>(frames.budget_)} {
  while (stretches() > kMostStretches) ++shift_;
  const sync::Guard guard(frames_.growth_);
  next_ = frames_.keepers_;
  frames_.keepers_ = this;
}

Keeper::~Keeper() {
  const sync::Guard guard(frames_.growth_);
  Keeper** link = &frames_.keepers_;
  while (*link != this) link = &(*link)->next_;
  *link = next_;
}

FrameId Keeper::first(std::uint64_t stretch) const noexcept {
  return FrameId{std::max(1u, static_cast<std::uint32_t>(stretch << shift_))};
}

std::uint64_t Keeper::end(std::uint64_t stretch) const noexcept {
  return std::min((stretch + 1) << shift_, std::uint64_t{raw(last_)} + 1);
}

bool Keeper::keep(std::uint64_t stretch) noexcept {
  // Under the lock that trim() holds: what has memory now has it until it is let go.
  const sync::Guard guard(frames_.growth_);
  const FrameId from = first(stretch);
  if (end(stretch) > frames_.populated_) return false;
  if (!frames_.window_.has_memory(from, end(stretch) - raw(from))) return false;
  kept_[stretch / 64] |= std::uint64_t{1} << (stretch % 64);
  return true;
}

void Keeper::let_go(std::uint64_t stretch) noexcept {
  const sync::Guard guard(frames_.growth_);
  kept_[stretch / 64] &= ~(std::uint64_t{1} << (stretch % 64));
}

}  // namespace cleave
