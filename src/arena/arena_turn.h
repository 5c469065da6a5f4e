// Who has an arena to itself: a call of it, or a visit of changes().
#pragma once

#include "arena/arena_state.h"

namespace cleave::detail {

/// The lock, for a scope; nothing in a visit of changes(), whose thread has it.
/// Not analysed: whether it takes the lock is known only as it runs.
class CLEAVE_SCOPED_CAPABILITY ArenaState::Turn {
 public:
  explicit Turn(const ArenaState& arena) CLEAVE_ACQUIRE(arena.lock_) CLEAVE_UNCHECKED
      : lock_(arena.is_visited_by_this_thread() ? nullptr : &arena.lock_) {
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
class ArenaState::Visiting {
 public:
  explicit Visiting(ArenaState& arena) : visitor_(arena.visitor_) {
    visitor_.store(sync::this_thread(), sync::relaxed);
  }
  ~Visiting() { visitor_.store(sync::ThreadToken::none, sync::relaxed); }
  Visiting(const Visiting&) = delete;
  Visiting& operator=(const Visiting&) = delete;

 private:
  sync::atomic<sync::ThreadToken>& visitor_;
};

}  // namespace cleave::detail
