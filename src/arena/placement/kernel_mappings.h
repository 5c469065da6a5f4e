// What the kernel has at addresses of this process: its mappings (VMAs), as /proc/self/maps lists
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <cleave/error.h>
#include <cleave/function_ref.h>

#include "arena/placement/shared_descriptor.h"

namespace cleave::detail {

/// One of them.
struct KernelMapping {
  std::uintptr_t first;
  std::uintptr_t end;
  int protection;  ///< PROT_READ and so on
  bool shared;
  std::uint64_t offset;  ///< of `first`, in the file
  /// Which file; all zeroes: none.
  struct File {
    std::uint64_t inode;
    std::uint32_t major, minor;
    friend bool operator==(const File&, const File&) = default;
  } file;
};

/// Asks the kernel: Linux 6.11 and later one mapping at a time (PROCMAP_QUERY), 0.5 us each; older
/// ones give the whole list as text, 30 us and 0.5 us for each mapping of the process.
class KernelMappings {
 public:
  /// Errors: no_memory (descriptors); unsupported (no /proc).
  static Result<KernelMappings> open();

  using Visit = function_ref<Result<void>(const KernelMapping&)>;
  /// Visits the mappings that have a part in `range`, in order of address. The first error of
  /// `visit` ends the walk and is returned. Errors: no_memory, unsupported (the kernel's answer is
  /// none). Any thread; not in a child of fork(2), which would be told of its parent.
  Result<void> for_each(std::span<const std::byte> range, Visit visit) const;
  /// Whether for_each() is safe in a signal handler, where `visit` is; `visit` may then also change
  /// the mapping that it is shown.
  [[nodiscard]] bool tells_handlers() const { return has_query_; }

 private:
  explicit KernelMappings(SharedDescriptor&& maps) : maps_(std::move(maps)) {}
  Result<void> query_each(std::uintptr_t first, std::uintptr_t end, Visit visit) const;
  Result<void> read_each(std::uintptr_t first, std::uintptr_t end, Visit visit) const;

  SharedDescriptor maps_;
  bool has_query_ = true;
};

}  // namespace cleave::detail
