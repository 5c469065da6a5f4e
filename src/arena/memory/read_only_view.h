// Pages of an arena that mprotect(2) cannot make writable.
#pragma once

#include <cleave/detail/atomic.h>
#include <cleave/error.h>

#include "arena/memory/mapping.h"
#include "base/own_file.h"

namespace cleave::detail {

/// The arena's bytes once more, mapped from a descriptor that was opened for reading alone. Parts
/// of it take the place of pages in the native mapping. There even the program itself cannot lift
/// the protection: mprotect(2) fails with EACCES, and no write goes unnoticed.
class ReadOnlyView {
 public:
  /// Errors: unsupported (no /proc; a kernel before Linux 5.13), no_memory.
  static Result<ReadOnlyView> create(const Mapping& mapping);
  ReadOnlyView(ReadOnlyView&& from) noexcept;
  ReadOnlyView& operator=(ReadOnlyView&&) = delete;
  ~ReadOnlyView();

  /// Puts read-only pages in place. False: the kernel would not, for want of mappings most likely:
  /// try all pages.
  bool close(PageRun run) noexcept;
  /// Puts writable pages in place. False: as close(). Safe in a signal handler.
  bool open(PageRun run) noexcept;

 private:
  ReadOnlyView(const Mapping& mapping, int descriptor) : mapping_(mapping), file_(descriptor) {}
  [[nodiscard]] bool is_all(PageRun run) const noexcept;
  static bool leaves_behind() noexcept;
  static bool put(std::byte* from, std::byte* to, std::uint64_t bytes) noexcept;
  bool map_all(bool writable) noexcept;
  bool take_spare() noexcept;

  const Mapping& mapping_;
  OwnFile file_;
  std::byte* view_ = nullptr;
  /// A mapping more than is needed: where the process has as many as it may have
  /// (vm.max_map_count), the kernel maps nothing, not even in place of what is there. Ended for
  /// that moment. Exchanged by whoever opens or closes all, in signal handlers too (relaxed:
  /// nothing is read through it).
  sync::atomic<void*> spare_{nullptr};
};

}  // namespace cleave::detail
