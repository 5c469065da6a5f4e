// Where the program's mappings lie that it makes once it runs: a part of the arenas, with records
// that go back with it.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <cleave/arena.h>

#include "adapters/program/memory/run_table.h"

namespace cleave::program {

/// How far the loader is, see interpose/loading.h.
struct Loading {
  /// What PR_SET_SYSCALL_USER_DISPATCH reads: 1, system calls come to this library.
  volatile char dispatch;
  /// How many calls into the loader have not returned.
  unsigned depth;
};

/// Does what mmap(2) and its kin do, in memory that is an arena's and stays mapped for good.
/// Answers are the kernel's: an address or zero, or an errno below zero.
///
/// A commit may come between any two steps. So records are written before the kernel is told, and
/// each step can be done twice.
class Area {
 public:
  /// `arena` is all zeroes, and readable and writable.
  explicit Area(Arena& arena) noexcept;

  [[nodiscard]] bool contains(const void* at, std::size_t bytes) const noexcept;

  /// New memory; zeroes, or a copy of what `file` has there. `at` null: where there is room;
  /// otherwise in place of what is there. `bytes` are whole pages.
  long map(void* at, std::size_t bytes, int protection, int file, long offset) noexcept;
  long unmap(void* at, std::size_t bytes) noexcept;
  long resize(void* at, std::size_t old_bytes, std::size_t bytes, bool may_move) noexcept;
  /// As madvise(MADV_DONTNEED) does with private memory: what is read next is zero.
  long drop(void* at, std::size_t bytes) noexcept;

  /// Also of memory outside of the area that is under the same commits.
  long protect(void* at, std::size_t bytes, int protection) noexcept;
  /// What is not readable and writable alone.
  [[nodiscard]] std::vector<AddressRun> protections() const;
  /// After a checkout: gives the memory the protections that the records have now; `before` are
  /// those that it has.
  void protect_again(const std::vector<AddressRun>& before) const noexcept;

  /// What of the loader's work goes back with the program.
  [[nodiscard]] Loading& loading() noexcept { return records_->loading; }

 private:
  struct Records {
    Loading loading;
    RunTable mapped;
    RunTable protections;
  };

  [[nodiscard]] std::uintptr_t first() const noexcept;
  [[nodiscard]] std::uintptr_t end() const noexcept;
  void clear(std::uintptr_t at, std::size_t bytes) noexcept;

  Arena& arena_;
  Records* records_;
};

}  // namespace cleave::program
