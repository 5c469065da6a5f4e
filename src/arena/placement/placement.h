// Whether an arena's memory still lies where it was mapped.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include <cleave/error.h>

#include "arena/placement/kernel_mappings.h"

namespace cleave::detail {

/// A program may unmap, move or cover part of its arena; from then on it writes to other memory, or
/// none, and no tracker sees that. The kernel's list of mappings tells.
class Placement {
 public:
  /// Knows of no memory: finds nothing wrong.
  Placement() = default;
  /// Of two mappings of one file, made just now. Where the kernel's list cannot be had (no /proc)
  /// or does not show them (an emulator's own list), nothing will be found wrong. Error: no_memory.
  static Result<Placement> of(std::span<std::byte> native, std::span<std::byte> alias);

  /// Errors: not_mapped, already_mapped (where: the first byte of what the program unmapped or
  /// covered), not_permitted (the alias was protected). Cost: 0.5 us for each mapping that the
  /// memory consists of: two, unless mprotect(2) and the like have split them.
  [[nodiscard]] Result<void> check() const;

  /// The same of the native memory alone.
  [[nodiscard]] Result<void> check_native() const;

  /// Visits the mappings that this part of the native memory consists of, but none that the program
  /// has put there. Visits none where it cannot look. Safe in a signal handler if tells_handlers().
  Result<void> for_each_native(std::span<std::byte> part, KernelMappings::Visit visit) const;
  [[nodiscard]] bool tells_handlers() const { return kernel_ && kernel_->tells_handlers(); }

 private:
  [[nodiscard]] Result<void> check(std::span<std::byte> part, int protection) const;

  std::optional<KernelMappings> kernel_;
  std::span<std::byte> native_;
  std::span<std::byte> alias_;
  KernelMapping::File file_{};
};

}  // namespace cleave::detail
