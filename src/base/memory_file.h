// Memory that can be mapped more than once: a file without a name (memfd).
#pragma once

#include <cstdint>

#include <cleave/error.h>

namespace cleave::detail {

/// A descriptor, the caller's, of a new file of `bytes` zeroes; takes no memory yet. `name` is what
/// /proc/self/maps shows. Errors: bad_argument (RLIMIT_FSIZE: the kernel would end the process),
/// no_memory (descriptors), unsupported (no memfd_create, or it is denied).
Result<int> create_memory_file(const char* name, std::uint64_t bytes);

}  // namespace cleave::detail
