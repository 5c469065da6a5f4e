#include "frames/away/notifiers.h"

#include "sync/heavy_fence.h"
#include "sync/wait.h"

namespace cleave::detail {

void Notifiers::add(Notifier& one) noexcept {
  const sync::Guard guard(lock_);
  one.next_ = first_;
  one.previous_ = nullptr;
  if (first_ != nullptr) first_->previous_ = &one;
  first_ = &one;
}

void Notifiers::remove(Notifier& one) noexcept {
  const sync::Guard guard(lock_);
  (one.previous_ == nullptr ? first_ : one.previous_->next_) = one.next_;
  if (one.next_ != nullptr) one.next_->previous_ = one.previous_;
}

template <class Visit>
void Notifiers::for_each(Visit visit) noexcept {
  const sync::Guard guard(lock_);
  for (Notifier* a = first_; a != nullptr; a = a->next_) visit(*a);
}

// One that comes later finds the frames frozen. One fence for all: that is why spaces are not asked
// one by one.
void Notifiers::invalidate() noexcept {
  if (sync::performs("going.invalidate")) for_each([](Notifier& a) { a.invalidate(); });
  sync::heavy_fence("going.heavy");
  if (!sync::performs("going.wait")) return;
  for_each([](Notifier& a) { a.note_looking(); });
  for (unsigned round = 0;; ++round) {
    bool looking = false;
    for_each([&looking](Notifier& a) { looking = a.is_looking() || looking; });
    if (!looking) return;
    sync::relax(round);
  }
}

}  // namespace cleave::detail
