// How much of an arena has memory behind it, in place or in swap: a machine that swaps is as good
// as another.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include <cleave/must.h>
#include <cleave/units.h>

#include "arena/placement/kernel_mappings.h"

namespace cleave::detail {

inline KernelMapping::File file_of(const struct stat& file) {
  return {file.st_ino, major(file.st_dev), minor(file.st_dev)};
}

/// The file that is mapped at the start of `memory`, opened once more, and from where on. The
/// caller's to close. There is one.
inline int file_behind(std::span<const std::byte> memory, off_t& offset) {
  const KernelMappings mappings = must(KernelMappings::open());
  KernelMapping behind{};
  must(mappings.for_each(memory.first(1), [&](const KernelMapping& mapping) -> Result<void> {
    behind = mapping;
    return {};
  }));
  const auto first = reinterpret_cast<std::uintptr_t>(memory.data());
  offset = static_cast<off_t>(behind.offset + (first - behind.first));
  for (int number = 0; number < 1024; ++number) {
    struct stat file {};
    if (fstat(number, &file) != 0 || behind.file != file_of(file)) continue;
    return open(("/proc/self/fd/" + std::to_string(number)).c_str(), O_RDONLY | O_CLOEXEC);
  }
  std::abort();
}

/// Pages of `memory`, part of an arena, that have any.
inline std::uint64_t pages_with_memory(std::span<const std::byte> memory) {
  off_t at = 0;
  const int file = file_behind(memory, at);
  const off_t end = at + static_cast<off_t>(memory.size());
  std::uint64_t bytes = 0;
  while (at < end && (at = lseek(file, at, SEEK_DATA)) >= 0 && at < end) {
    const off_t hole = std::min(lseek(file, at, SEEK_HOLE), end);
    bytes += static_cast<std::uint64_t>(hole - at);
    at = hole;
  }
  (void)close(file);
  return bytes / kPageSize;
}

}  // namespace cleave::detail
