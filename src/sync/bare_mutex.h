// A mutex of which nothing is compiled into the library: for what is linked beside it, and to which
// a shared one shows its public names alone. The engine has its own (sync/mutex.h), which the
// explorer knows.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/thread_annotations.h"

namespace cleave::detail::sync {

class CLEAVE_CAPABILITY bare_mutex {
 public:
  void lock() CLEAVE_ACQUIRE() { mutex_.lock(); }
  void unlock() CLEAVE_RELEASE() { mutex_.unlock(); }
  /// As sync::mutex has it: tells the analysis alone.
  void assume_held() const CLEAVE_ASSERTS_HELD() {}

 private:
  friend class bare_condition;
  std::mutex mutex_;
};

/// What a thread waits for with such a mutex. A point of cancellation: see base/uncancelled.h.
class bare_condition {
 public:
  /// Lets go of the mutex while it sleeps. It may wake for nothing: who waits looks again.
  void wait(bare_mutex& held) CLEAVE_REQUIRES(held) {
    std::unique_lock<std::mutex> lock(held.mutex_, std::adopt_lock);
    condition_.wait(lock);
    (void)lock.release();
  }
  void notify_all() noexcept { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

/// Holds one for a scope.
class CLEAVE_SCOPED_CAPABILITY [[nodiscard]] BareGuard {
 public:
  explicit BareGuard(bare_mutex& held) CLEAVE_ACQUIRE(held) : held_(held) { held_.lock(); }
  ~BareGuard() CLEAVE_RELEASE() { held_.unlock(); }
  BareGuard(const BareGuard&) = delete;
  BareGuard& operator=(const BareGuard&) = delete;

 private:
  bare_mutex& held_;
};

}  // namespace cleave::detail::sync
