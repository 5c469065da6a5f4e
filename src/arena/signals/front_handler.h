// Our handler for SIGSEGV or SIGBUS, in front of the one that the program has. What is none of ours
// goes on to that as the kernel would have delivered it; docs/decisions/0009-signals-of-others.md
// weighs how. All functions are safe in a signal handler and take no lock.
#pragma once

#include <cleave/error.h>

namespace cleave::detail {

/// Puts our handler in the place of the one that the process has for `signal`, unless it stands
/// there already. It runs with the mask, on the stack and with the restarts that the other asked
/// for. Errors: no_memory (a process can put 64 handlers in our place and be answered),
/// unsupported (the kernel refuses).
Result<void> stand_in_front(int signal) noexcept;

/// The same if the program has set the signal to its default, or to be ignored, which cannot pass
/// on what is ours. Another function in our place is left there: it has to call arena_fault().
Result<void> return_to_front(int signal) noexcept;

/// Gives the place back to who had it, if our handler stands there.
void step_back(int signal) noexcept;

}  // namespace cleave::detail
