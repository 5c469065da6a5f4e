// A mutex: the only lock that the engine has. Locks are ordered; docs/reference/ordering.md.
#pragma once

#include <mutex>

#include <cleave/detail/atomic.h>

#include "base/thread_annotations.h"

namespace cleave::detail::sync {

#ifdef CLEAVE_EXPLORED

class CLEAVE_CAPABILITY mutex {
 public:
  void lock(Line where = Line()) CLEAVE_ACQUIRE() {
    Operation operation = about(Kind::lock, acquire, where);
    operation.argument = 1;
    operation.enabled = [](const void*, std::uint64_t bits) { return bits == 0; };
    if (!ask(operation).given) held_ = 1;
  }
  void unlock(Line where = Line()) CLEAVE_RELEASE() {
    if (!ask(about(Kind::unlock, release, where)).given) held_ = 0;
  }
  [[nodiscard]] bool is_free(Line where = Line()) CLEAVE_UNCHECKED {
    const Answer a = ask(about(Kind::load, acquire, where));
    return (a.given ? a.bits : held_) == 0;
  }
  void assume_held() const CLEAVE_ASSERTS_HELD() {}

 private:
  Operation about(Kind kind, Order order, Line where) noexcept {
    Operation operation{kind};
    operation.order = order;
    operation.size = sizeof held_;
    operation.address = &held_;
    operation.where = where;
    return operation;
  }

  std::uint32_t held_ = 0;
};

#else

/// Spins a little before it sleeps: what is done under a space's lock takes about as long as
/// copying a page, and putting a thread to sleep and waking it takes ten times that.
class CLEAVE_CAPABILITY mutex {
 public:
  void lock(Line /*where*/ = Line()) CLEAVE_ACQUIRE() {
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
  explicit Guard(mutex& held, Line where = Line()) CLEAVE_ACQUIRE(held) : held_(held) {
    held_.lock(where);
  }
  ~Guard() CLEAVE_RELEASE() { held_.unlock(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  mutex& held_;
};

}  // namespace cleave::detail::sync
