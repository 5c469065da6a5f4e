// A mutex: the only lock that the engine has. Locks are ordered; docs/reference/ordering.md.
#pragma once

#include <mutex>

#include <cleave/detail/explored.h>

namespace cleave::detail::sync {

#ifdef CLEAVE_EXPLORED

class mutex {
 public:
  void lock() {
    announce({.kind = Kind::lock,
              .location = location_.id,
              .enabled = [](const void* self) { return !static_cast<const mutex*>(self)->held_; },
              .context = this});
    held_ = true;
  }
  void unlock() {
    announce({.kind = Kind::unlock, .location = location_.id});
    held_ = false;
  }

 private:
  bool held_ = false;
  Location location_;
};

#else

/// Spins a little before it sleeps: what is done under a space's lock takes about as long as copying a
/// page, and putting a thread to sleep and waking it takes ten times that.
class mutex {
 public:
  void lock() {
    if (!mutex_.try_lock()) [[unlikely]]
      wait();
  }
  void unlock() { mutex_.unlock(); }

 private:
  void wait();

  std::mutex mutex_;
};

#endif

/// Holds a mutex for a scope.
class [[nodiscard]] Guard {
 public:
  explicit Guard(mutex& held) : held_(held) { held_.lock(); }
  ~Guard() { held_.unlock(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  mutex& held_;
};

}  // namespace cleave::detail::sync
