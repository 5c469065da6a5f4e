// For programs that have a handler of their own for SIGSEGV or SIGBUS.
#pragma once

#include <csignal>

#include <cleave/detail/config.h>

namespace cleave {

/// True if the fault was a first write to an arena, which now succeeds when it is repeated. Safe in
/// a signal handler. `context` is the handler's third argument; without it a jump into an arena
/// tracked by `mprotect` is taken for a write, again and again.
CLEAVE_API bool arena_fault(int signal, const siginfo_t* fault,
                            const void* context = nullptr) noexcept;

}  // namespace cleave
