// Who has a joint to itself: a call of one of its arenas, or a visit of changes().
#pragma once

#include "arena/joint/joint.h"

namespace cleave::detail {

/// The lock, for a scope; nothing in a visit of changes(), whose thread has it.
/// Not analysed: whether it takes the lock is known only as it runs.
class CLEAVE_SCOPED_CAPABILITY Joint::Turn {
 public:
  explicit Turn(const Joint& joint) CLEAVE_ACQUIRE(joint.lock_) CLEAVE_UNCHECKED
      : lock_(joint.is_visited_by_this_thread() ? nullptr : &joint.lock_) {
    if (lock_ != nullptr) lock_->lock();
  }
  ~Turn() CLEAVE_RELEASE() CLEAVE_UNCHECKED {
    if (lock_ != nullptr) lock_->unlock();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  sync::mutex* lock_;
};

/// With the lock held: this thread is about to call a visitor.
class Joint::Visiting {
 public:
  explicit Visiting(Joint& joint) : visitor_(joint.visitor_) {
    visitor_.store(sync::this_thread(), sync::relaxed);
  }
  ~Visiting() { visitor_.store(sync::ThreadToken::none, sync::relaxed); }
  Visiting(const Visiting&) = delete;
  Visiting& operator=(const Visiting&) = delete;

 private:
  sync::atomic<sync::ThreadToken>& visitor_;
};

}  // namespace cleave::detail
