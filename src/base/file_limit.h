// What RLIMIT_FSIZE says. The kernel does not refuse a file that grows past it, but ends the
// process (SIGXFSZ): so whoever makes a file grow asks first.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <limits>

namespace cleave::detail {

/// How large a file of this process may grow, in bytes.
inline std::uint64_t most_bytes_of_a_file() noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  return limit.rlim_cur;
}

}  // namespace cleave::detail
