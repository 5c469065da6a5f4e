// Faults that are signals: who is asked about which addresses.
#pragma once

#include <csignal>
#include <cstddef>
#include <span>

#include "cleave/base/error.h"

namespace cleave {

/// Asked, inside a signal handler, about a fault in its range.
class FaultWatcher {
 public:
  /// True: the access will succeed now, repeat it. False: the fault is none of ours. Safe in a signal handler.
  virtual bool fault(std::byte* address) noexcept = 0;

 protected:
  ~FaultWatcher() = default;
};

/// Asks `watcher` about faults in `range` that arrive as `signal` (SIGSEGV or SIGBUS). Installs the process's
/// handler for the signal with the first watcher, for good; faults outside all ranges go to the handler that was
/// there before. A handler installed later gets the faults first and has to pass on those that it does not
/// know, or call arena_fault(). Error: no_memory (64 ranges are watched already).
Result<void> watch_faults(int signal, std::span<std::byte> range, FaultWatcher& watcher);
/// Precondition: no thread is inside, or about to touch, the watcher's range.
void unwatch_faults(FaultWatcher& watcher) noexcept;

/// For hosts with a handler of their own for SIGSEGV or SIGBUS: true if the fault was a first write to an arena,
/// which now succeeds when it is repeated. Safe in a signal handler. `context` is the handler's third argument; without
/// it a jump into an arena tracked by `mprotect` is taken for a write, again and again.
bool arena_fault(int signal, const siginfo_t* fault, const void* context = nullptr) noexcept;

}  // namespace cleave
