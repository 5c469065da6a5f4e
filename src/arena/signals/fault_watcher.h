// Faults that are signals: who is asked about which addresses.
#pragma once

#include <csignal>
#include <cstddef>
#include <span>

#include <cleave/error.h>

namespace cleave::detail {

/// Asked, inside a signal handler, about faults in its range.
class FaultWatcher {
 public:
  /// True: the access will succeed now, repeat it. False: the fault is none of ours. Safe in a
  /// signal handler.
  virtual bool fault(std::byte* address) noexcept = 0;

  /// The calling thread is about to run a handler of others with the signal blocked, where a fault
  /// would end the process: from now on the whole range can be written to without one. Any thread,
  /// at any moment until unwatch_faults(). Safe in a signal handler.
  virtual void open_all() noexcept {}

 protected:
  ~FaultWatcher() = default;
};

/// Asks `watcher` about faults in `range` that arrive as `signal` (SIGSEGV or SIGBUS). From the
/// first watcher of a signal to the last, cleave's handler stands in front of the process's
/// (front_handler.h); faults outside all ranges go on to that. Any number of ranges: a fault looks
/// through them one after the other. Errors: no_memory, or as stand_in_front().
Result<void> watch_faults(int signal, std::span<std::byte> range, FaultWatcher& watcher);
/// Returns when no handler asks the watcher any more. Precondition: no thread is inside, or about
/// to touch, the watcher's range.
void unwatch_faults(FaultWatcher& watcher) noexcept;

/// Has every watcher whose signal is in the set open its range. Safe in a signal handler.
void open_watched(const sigset_t& signals) noexcept;

}  // namespace cleave::detail
