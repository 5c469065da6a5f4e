// userfaultfd's write-protection and PAGEMAP_SCAN, as far as tracking needs them. The numbers are
// newer than many headers (Linux 5.7 to 6.7; admin-guide/mm/userfaultfd and
// admin-guide/mm/pagemap).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <cleave/error.h>

#include "arena/placement/shared_descriptor.h"
#include "base/kernel_abi.h"

namespace cleave::detail {

/// A userfaultfd for shared memory, without privileges (USER_MODE_ONLY).
class Userfault {
 public:
  /// What becomes of a write to protected memory.
  enum class Mode : std::uint8_t {
    async,   ///< the kernel lifts the protection and goes on; Linux 6.7
    signal,  ///< SIGBUS for code, EFAULT for system calls; Linux 6.4
    late,    ///< as async; and what is missing can be watched too, see watch_missing()
  };
  /// Errors: unsupported, with the reason; no_memory (descriptors).
  static Result<Userfault> open(Mode mode);

  /// Has the descriptor watch a range, until unwatch(): all arenas share it, so that it may outlive
  /// this one. Error: unsupported, no_memory.
  Result<void> watch(std::span<std::byte> range) noexcept;
  /// Has it watch for pages, too, that have no memory, `late` mode: an access to one is SIGBUS for
  /// code, EFAULT for system calls, until put() gives it some. Errors: as watch().
  Result<void> watch_missing(std::span<std::byte> range) noexcept;
  /// For those alone, in another view of the same file. Errors: as watch().
  Result<void> watch_only_missing(std::span<std::byte> range) noexcept;
  /// Gives a page of a watched range memory that holds these 4096 bytes, and protects it, all in
  /// one step: no thread sees a part of it. 0, or the kernel's errno; EEXIST: it has memory. Safe
  /// in a signal handler.
  [[nodiscard]] int put(std::byte* page, const std::byte* bytes) noexcept;
  /// Lets go of it, and lifts its protection. Not in a child of fork(2): the descriptor speaks of
  /// the parent's memory.
  void unwatch(std::span<std::byte> range) noexcept;
  /// Protects pages, also those that have no memory yet. `signal` mode. Error: no_memory.
  Result<void> protect(std::span<std::byte> range) noexcept;
  /// Lifts the protection. Safe in a signal handler.
  bool open_up(std::span<std::byte> range) noexcept;

 private:
  explicit Userfault(SharedDescriptor&& descriptor) : descriptor_(std::move(descriptor)) {}
  Result<void> watch(std::span<std::byte> range, std::uint64_t how) noexcept;

  SharedDescriptor descriptor_;
};

/// /proc/self/pagemap.
class Pagemap {
 public:
  /// Errors: unsupported (no /proc), no_memory (descriptors).
  static Result<Pagemap> open();

  struct Scanned {
    std::span<ScannedRun> runs;
    std::uint64_t
        walked_to;  ///< address; less than the end: `into` was too short, go on from there
  };
  /// Reports what is not protected, and protects it again in the same step. For memory watched by
  /// Mode::async. This exact question has a short way through the kernel, which also takes an entry
  /// that is not there for written: that is what becomes of a page that was written and then
  /// reclaimed. Memory that has no page tables is reported as well, and gets them. Error:
  /// unsupported.
  Result<Scanned> take_written(std::span<std::byte> range, std::span<ScannedRun> into) noexcept;
  /// Reports the same, and protects nothing: a walk of the page tables alone. Error: unsupported.
  Result<Scanned> look_for_written(std::span<std::byte> range, std::span<ScannedRun> into) noexcept;

 private:
  explicit Pagemap(SharedDescriptor&& descriptor) : descriptor_(std::move(descriptor)) {}
  Result<Scanned> scan(std::span<std::byte> range, std::span<ScannedRun> into,
                       std::uint64_t flags) noexcept;

  SharedDescriptor descriptor_;
};

}  // namespace cleave::detail
