// For programs that have a handler of their own for SIGSEGV or SIGBUS.
#pragma once

#include <csignal>

#include <cleave/detail/config.h>

namespace cleave {

/// Whether the fault was a first write to an arena, which now succeeds when it is repeated: then the
/// caller returns. For a handler that was installed after the first arena which is tracked by
/// `mprotect` or `sigbus`, or catches writers: it meets the arena's faults first, and either asks
/// here before all else, or calls the handler that it found. One that does neither takes them for
/// the program's own; if it makes the page writable by itself, the arena learns of no write.
///
/// Earlier handlers need nothing: they meet what they would have met without an arena, and may write
/// to arenas.
///
/// Safe in a signal handler, errno stays. `context` is the handler's third argument; without it a
/// jump into an arena tracked by `mprotect` is taken for a write, again and again. Cost: by the
/// arenas that are tracked by signals; for a first write, see Tracking.
CLEAVE_API bool arena_fault(int signal, const siginfo_t* fault,
                            const void* context = nullptr) noexcept;

}  // namespace cleave
