// A mutex: the only lock that the engine has. Locks are ordered; docs/reference/ordering.md.
#pragma once

#include <mutex>

#include <cleave/detail/explored.h>

#include "sync/thread_annotations.h"

namespace cleave::detail::sync {

#ifdef CLEAVE_EXPLORED

class CLEAVE_CAPABILITY mutex {
 public:
  void lock() CLEAVE_ACQUIRE() {
    announce({.kind = Kind::lock,
              .location = location_.id,
              .enabled = [](const void* self) { return !static_cast<const mutex*>(self)->held_; },
              .context = this});
    held_ = true;
  }
  void unlock() CLEAVE_RELEASE() {
    announce({.kind = Kind::unlock, .location = location_.id});
    held_ = false;
  }
  void assume_held() const CLEAVE_ASSERTS_HELD() {}

 private:
  bool held_ = false;
  Location location_;
};

#else

/// Spins a little before it sleeps: what is done under a space's lock takes about as long as
/// copying a page, and putting a thread to sleep and waking it takes ten times that.
class CLEAVE_CAPABILITY mutex {
 public:
  void lock() CLEAVE_ACQUIRE() {
    if (!mutex_.try_lock()) [[unlikely]]
      wait();
  }
  void unlock() CLEAVE_RELEASE() { mutex_.unlock(); }
  /// Whether no thread holds it, at one moment of the call.
  [[nodiscard]] bool is_free() CLEAVE_UNCHECKED {
    if (!mutex_.try_lock()) return false;
    mutex_.unlock();
    return true;
  }
  /// Tells the analysis, and only that, that the caller may do what the lock's holder may: a
  /// function that cannot name the lock where it is declared, or an object that no other thread
  /// knows. The caller says why.
  void assume_held() const CLEAVE_ASSERTS_HELD() {}

 private:
  void wait();

  std::mutex mutex_;
};

#endif

/// Holds a mutex for a scope.
class CLEAVE_SCOPED_CAPABILITY [[nodiscard]] Guard {
 public:
  explicit Guard(mutex& held) CLEAVE_ACQUIRE(held) : held_(held) { held_.lock(); }
  ~Guard() CLEAVE_RELEASE() { held_.unlock(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  mutex& held_;
};

}  // namespace cleave::detail::sync
