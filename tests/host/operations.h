// What a program's other threads may be about when one of them forks.
#pragma once

#include <span>

#include "tests/host/handles.h"

namespace cleave::detail {

struct Operation {
  const char* name;
  /// Leaves the handles good for every other operation; any thread, but see `in_the_arena`.
  void (*run)(Handles& handles);
  /// Writes to the arena's memory or needs it at rest: one such thread at a time.
  bool in_the_arena = false;
  /// It goes other ways by other trackings.
  bool by_tracking = false;
  /// It cannot be stepped through: pthread_create(3) blocks every signal for a while, that of a
  /// step as well, which then ends the process.
  bool starts_a_thread = false;
};

std::span<const Operation> operations();

}  // namespace cleave::detail
