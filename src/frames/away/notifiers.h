// Who may be looking at frames without asking for their state each time.
#pragma once

#include <cleave/function_ref.h>

#include "sync/mutex.h"

namespace cleave::detail {

/// A space, as the pool knows it: threads that remember where frames lie. (mmu_notifier)
class Notifier {
 public:
  Notifier() = default;
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  /// Takes back all that is remembered, and waits for no thread. What was done under the space's
  /// lock is done. A heavy fence follows.
  virtual void invalidate() noexcept = 0;
  /// After the fence: notes which threads are looking now.
  virtual void note_looking() noexcept = 0;
  /// Whether one of those that were noted may still be.
  [[nodiscard]] virtual bool is_looking() noexcept = 0;

 protected:
  ~Notifier() = default;

 private:
  friend class Notifiers;
  Notifier* next_ = nullptr;
  Notifier* previous_ = nullptr;
};

/// All of a pool's.
class Notifiers {
 public:
  void add(Notifier& one) noexcept;
  void remove(Notifier& one) noexcept;
  /// No thread looks at a frame that was frozen before the call, unless it has met it since. Waits
  /// for sections, each of which takes as long as one access, or the pins of a stride; holds no
  /// lock meanwhile that such a thread could want. Cost: by the spaces, and a membarrier.
  void invalidate() noexcept;

 private:
  template <class Visit>
  void for_each(Visit visit) noexcept;

  /// Taken before a space's lock, and after the clock's.
  sync::mutex lock_;
  Notifier* first_ CLEAVE_GUARDED_BY(lock_) = nullptr;
};

}  // namespace cleave::detail
