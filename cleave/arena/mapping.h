// The memory of an arena: one memfd, mapped twice.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cleave/arena/page_set.h"
#include "cleave/base/error.h"

namespace cleave {

/// The program works in the native mapping, which is tracked. Checkouts and devices write through the alias:
/// the same bytes at another address, never protected, never tracked. Neither is seen by a child of fork(2).
class Mapping {
 public:
  /// Errors: already_mapped, bad_argument (misaligned), no_memory, unsupported (no memfd_create).
  static Result<Mapping> create(std::uint64_t pages, void* at);
  Mapping(Mapping&& from) noexcept;
  Mapping& operator=(Mapping&&) = delete;
  ~Mapping();

  [[nodiscard]] std::byte* native() const noexcept { return native_; }
  [[nodiscard]] std::byte* native(std::uint64_t page) const noexcept {
    return native_ + page * kPageSize;
  }
  [[nodiscard]] std::byte* alias(std::uint64_t page) const noexcept {
    return alias_ + page * kPageSize;
  }
  [[nodiscard]] std::uint64_t pages() const noexcept { return pages_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return pages_ * kPageSize; }
  /// False in a child of fork(2): then neither mapping is there.
  [[nodiscard]] bool is_here() const noexcept;

  /// Has the kernel make its entries for the pages in the alias, in one go: a fault each otherwise, and a second
  /// one at the first write. A matter of speed alone.
  void enter_alias(PageRun run) const noexcept;

  /// Gives back the memory behind the pages, which read as zeroes from now on. False: the kernel would not,
  /// and they hold what they did.
  bool punch(PageRun run) noexcept;

  /// The first run inside `within` that has memory behind it, now or in swap; empty at `within.end` if none.
  [[nodiscard]] PageRun first_populated(PageRun within) const noexcept;

 private:
  Mapping(int descriptor, std::byte* native, std::byte* alias, std::uint64_t pages);

  int descriptor_;
  std::byte* native_;
  std::byte* alias_;
  std::uint64_t pages_;
  int process_;
};

}  // namespace cleave
