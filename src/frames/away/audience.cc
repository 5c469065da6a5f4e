#include "frames/away/audience.h"

#include "sync/heavy_fence.h"
#include "sync/wait.h"

namespace cleave::detail {

void Audiences::add(Audience& one) noexcept {
  const sync::Guard guard(lock_);
  one.next_ = first_;
  one.previous_ = nullptr;
  if (first_ != nullptr) first_->previous_ = &one;
  first_ = &one;
}

void Audiences::remove(Audience& one) noexcept {
  const sync::Guard guard(lock_);
  (one.previous_ == nullptr ? first_ : one.previous_->next_) = one.next_;
  if (one.next_ != nullptr) one.next_->previous_ = one.previous_;
}

template <class Visit>
void Audiences::for_each(Visit visit) noexcept {
  const sync::Guard guard(lock_);
  for (Audience* a = first_; a != nullptr; a = a->next_) visit(*a);
}

// One that comes later finds the frames frozen. One fence for all: that is why spaces are not asked
// one by one.
void Audiences::withdraw() noexcept {
  if (sync::performs("going.withdraw")) for_each([](Audience& a) { a.withdraw(); });
  sync::heavy_fence("going.heavy");
  if (!sync::performs("going.wait")) return;
  for_each([](Audience& a) { a.note_looking(); });
  for (unsigned round = 0;; ++round) {
    bool looking = false;
    for_each([&looking](Audience& a) { looking = a.is_looking() || looking; });
    if (!looking) return;
    sync::relax(round);
  }
}

}  // namespace cleave::detail
