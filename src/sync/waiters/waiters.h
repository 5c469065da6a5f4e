// For debugging: finds threads that wait on, hold or run on memory that a checkout changes.
#pragma once

#include <cstddef>
#include <span>

#include <cleave/error.h>

namespace cleave::detail {

/// Looks at each thread of this process but the caller: does it sleep in the kernel on a futex in
/// `memory` (a mutex, condition variable, semaphore, barrier or atomic), in a system call that is
/// to write there, with its stack there, or does it hold a robust mutex there? Names thread,
/// address and `operation` on standard error. What a thread does that runs at this moment is not
/// known. Errors: not_permitted (where: the address); see in_kernel.h. Cost: some 10 us a thread.
Result<void> check_waiters(std::span<const std::byte> memory, const char* operation);

}  // namespace cleave::detail
