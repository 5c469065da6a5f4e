// Faults that are signals: who is asked about which addresses.
#pragma once

#include <cstddef>
#include <span>

#include <cleave/error.h>

namespace cleave::detail {

/// Asked, inside a signal handler, about a fault in its range.
class FaultWatcher {
 public:
  /// True: the access will succeed now, repeat it. False: the fault is none of ours. Safe in a
  /// signal handler.
  virtual bool fault(std::byte* address) noexcept = 0;

 protected:
  ~FaultWatcher() = default;
};

/// Asks `watcher` about faults in `range` that arrive as `signal` (SIGSEGV or SIGBUS). Installs the
/// process's handler for the signal with the first watcher, for good; faults outside all ranges go
/// to the handler that was there before. A handler installed later gets the faults first and has to
/// pass on those that it does not know, or call arena_fault(). Error: no_memory (64 ranges are
/// watched already).
Result<void> watch_faults(int signal, std::span<std::byte> range, FaultWatcher& watcher);
/// Precondition: no thread is inside, or about to touch, the watcher's range.
void unwatch_faults(FaultWatcher& watcher) noexcept;

}  // namespace cleave::detail
