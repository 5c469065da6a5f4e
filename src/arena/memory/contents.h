// What lies in memory of this process, whatever its protection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <cleave/error.h>

#include "arena/placement/kernel_mappings.h"

namespace cleave::detail {

/// Reads memory as the kernel does, through /proc/self/mem: what the program has made unreadable
/// can be read as well. Pages that were never touched are known by /proc/self/pagemap.
class Contents {
 public:
  /// Errors: no_memory (descriptors), unsupported (no /proc).
  static Result<Contents> open();
  Contents(Contents&& from) noexcept;
  Contents& operator=(Contents&&) = delete;
  ~Contents();

  /// Copies the part of `mapping` that `from` is to `to`, which holds zeroes: pages of zeroes are
  /// not written, and those that were never touched not looked at. Whole pages. Errors: unsupported
  /// (where: a page that cannot be read).
  Result<void> copy(const KernelMapping& mapping, std::span<const std::byte> from,
                    std::byte* to) const;

 private:
  Contents(int memory, int pagemap) : memory_(memory), pagemap_(pagemap) {}
  Result<void> copy_all(std::span<const std::byte> from, std::byte* to) const;
  Result<void> copy_touched(std::span<const std::byte> from, std::byte* to) const;
  Result<void> copy_touched_by_page(std::span<const std::byte> from, std::byte* to) const;
  Result<void> read(std::uintptr_t at, std::span<std::byte> into) const;

  int memory_;
  int pagemap_;
};

}  // namespace cleave::detail
