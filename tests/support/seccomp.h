// A kernel that refuses system calls, as a container's profile makes it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace cleave::detail {

/// A system call, by its number, and the errno that it is to fail with.
struct Denied {
  long call;
  int error;
  /// Its first arguments, where only some of its calls are to fail; without a value: any.
  std::array<std::optional<std::uint64_t>, 3> arguments = {};
};

/// From now on, and for good, these calls fail in the calling thread, and in all that it starts or
/// becomes. False: the kernel has no seccomp, and nothing has changed.
bool deny(std::span<const Denied> calls) noexcept;

}  // namespace cleave::detail
