// For programs that have a handler of their own for SIGSEGV or SIGBUS.
#pragma once

#include <csignal>

#include <cleave/detail/config.h>

namespace cleave {

/// Whether the fault was a first write to an arena, which now succeeds when it is repeated: then
/// the handler returns. For handlers that were installed after the first arena which is tracked by
/// `mprotect` or `sigbus`, or catches writers: they meet the arena's faults first, and either ask
/// here before all else, or call the handler that they found. One that does neither takes these
/// faults for the program's own, and nothing stops it: no arena can tell what a handler is going to
/// do. It cannot lift the protection either: mprotect(2) fails with EACCES, or the fault comes
/// again. Before Linux 5.13 it can, and only ArenaOptions::catch_unseen finds what was written.
///
/// Earlier handlers need nothing: they meet what they would have met without an arena, and may
/// write to arenas; after a commit or checkout of their own, with the signal still blocked, only to
/// what they have marked (Arena::mark_dirty()). A page that an arena still lacks (Arena::restore())
/// must not be touched first by a handler that runs with SIGBUS blocked, as those do which did not
/// ask for SA_NODEFER.
///
/// Safe in a signal handler; errno stays. `context` is the handler's third argument; without it a
/// jump into an arena tracked by `mprotect` is taken for a write, again and again. Cost: by the
/// number of arenas that are tracked so; for a first write, see Tracking.
CLEAVE_API bool arena_fault(int signal, const siginfo_t* fault,
                            const void* context = nullptr) noexcept;

}  // namespace cleave
