// A kernel that refuses system calls, as a container's profile makes it.
#pragma once

#include <span>

namespace cleave::detail {

/// A system call, by its number, and the errno that it is to fail with.
struct Denied {
  long call;
  int error;
};

/// From now on, and for good, these calls fail in the calling thread, and in all that it starts or
/// becomes. False: the kernel has no seccomp, and nothing has changed.
bool deny(std::span<const Denied> calls) noexcept;

}  // namespace cleave::detail
