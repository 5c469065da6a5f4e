// Threads that never rest.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "tests/host/operations.h"

namespace cleave::detail {

/// While it lives, threads go through all operations, again and again: one those of the arena, and
/// `others` all that may run beside them.
class Crowd {
 public:
  Crowd(Handles& handles, unsigned others);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

 private:
  void work(Handles& handles, bool in_the_arena, std::size_t from);

  std::atomic<bool> done_{false};
  std::vector<std::thread> threads_;
};

}  // namespace cleave::detail
