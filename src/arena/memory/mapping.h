// The memory of an arena: one memfd, mapped twice.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <cleave/error.h>

#include "arena/memory/page_set.h"
#include "arena/placement/kernel_mappings.h"
#include "arena/placement/placement.h"
#include "base/own_file.h"
#include "sync/process.h"

namespace cleave::detail {

/// The program works in the native mapping, which is tracked. Checkouts and devices write through
/// the alias: the same bytes at another address, never protected, never tracked. Neither is seen by
/// a child of fork(2).
class Mapping {
 public:
  /// Errors: already_mapped, bad_argument (misaligned; RLIMIT_FSIZE), no_memory, unsupported.
  static Result<Mapping> create(std::uint64_t pages, void* at);
  /// Of what lies there, private memory of the process, in whole pages: the same bytes and the same
  /// protections at the same address, and never a moment in which nothing lies there. No thread may
  /// write there meanwhile. Errors, and nothing has changed: bad_argument (empty, misaligned,
  /// shared, this thread's stack), not_mapped (a gap), and as create().
  static Result<Mapping> take_over(std::span<std::byte> memory);
  Mapping(Mapping&& from) noexcept;
  Mapping& operator=(Mapping&&) = delete;
  /// What was taken over is given back: private memory again that holds what the arena did, with
  /// the protections that it has now. Everything else is unmapped.
  ~Mapping();

  [[nodiscard]] bool is_taken_over() const noexcept { return taken_.has_value(); }

  [[nodiscard]] std::byte* native() const noexcept { return native_; }
  [[nodiscard]] std::byte* native(std::uint64_t page) const noexcept {
    return native_ + page * kPageSize;
  }
  [[nodiscard]] std::byte* alias(std::uint64_t page) const noexcept {
    return alias_ + page * kPageSize;
  }
  [[nodiscard]] std::uint64_t pages() const noexcept { return pages_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return pages_ * kPageSize; }
  /// False in a child of fork(2): then neither mapping is there. Safe in a signal handler.
  [[nodiscard]] bool is_here() const noexcept { return process_.is_here(); }

  /// Errors: as Placement::check(); io (EBADF: the program has closed the memory's descriptor).
  [[nodiscard]] Result<void> check_in_place() const;
  /// Visits what the native mapping is to the kernel: the pages of each of its mappings, and their
  /// protection (PROT_READ and so on). Not what the program has put in its place.
  template <class Visit>
  Result<void> for_each_protection(PageRun within, Visit visit) const;
  template <class Visit>
  Result<void> for_each_protection(Visit visit) const {
    return for_each_protection({0, pages_}, visit);
  }
  /// Whether that is safe in a signal handler.
  [[nodiscard]] bool tells_handlers() const noexcept { return placement_.tells_handlers(); }

  /// A descriptor that is the caller's to close. Errors: no_memory, unsupported (no /proc).
  [[nodiscard]] Result<int> open_read_only() const;
  /// Maps all of the native mapping anew, from this descriptor or the arena's own, which lets it be
  /// written. False: the kernel would not. Safe in a signal handler.
  bool map_native(int protection, int descriptor) const noexcept;
  bool map_native() const noexcept {
    return map_native(PROT_READ | PROT_WRITE, file_.descriptor());
  }

  /// Has the kernel make its entries for the pages in the alias, in one go: a fault each otherwise,
  /// and a second one at the first write. A matter of speed alone.
  void enter_alias(PageRun run) const noexcept;

  /// Gives back the memory behind the pages, which read as zeroes from now on. False: the kernel
  /// would not, and they hold what they did.
  bool punch(PageRun run) noexcept;

 private:
  friend class ResidentRanges;
  Mapping(OwnFile file, std::uint64_t pages);

  /// How to find what of the memory is ours now.
  struct Taken {
    KernelMappings kernel;
    KernelMapping::File file;
  };

  /// A file, and nothing mapped yet.
  static Result<Mapping> with_file(std::uint64_t pages);
  Result<void> map_alias();
  [[nodiscard]] Result<void> keep_from_children() const;
  Result<void> place();
  void give_back() const noexcept;
  void unmap_native() const noexcept;

  OwnFile file_;
  std::byte* native_ = nullptr;
  std::byte* alias_ = nullptr;
  std::uint64_t pages_;
  Placement placement_;
  std::optional<Taken> taken_;
  sync::Process process_;
};

template <class Visit>
Result<void> Mapping::for_each_protection(PageRun within, Visit visit) const {
  const auto page_at = [this, within](std::uintptr_t address) {
    const auto first = reinterpret_cast<std::uintptr_t>(native_);
    return std::clamp((std::max(address, first) - first) / kPageSize, within.first, within.end);
  };
  return placement_.for_each_native(
      {native(within.first), within.pages() * kPageSize},
      [&](const KernelMapping& mapping) -> Result<void> {
        return visit(PageRun{page_at(mapping.first), page_at(mapping.end)}, mapping.protection);
      });
}

/// Which pages have memory behind them, now or in swap; asked in ascending order while no thread
/// writes. It remembers the last answer: the kernel goes through a run of pages one by one to tell
/// where it ends.
class ResidentRanges {
 public:
  explicit ResidentRanges(const Mapping& mapping) : mapping_(mapping) {}
  /// The first run inside `within` that has memory; empty, at `within.end`, if there is none.
  PageRun first_in(PageRun within) noexcept;
  bool has(std::uint64_t page) noexcept { return first_in({page, page + 1}).pages() != 0; }

 private:
  const Mapping& mapping_;
  std::optional<int> descriptor_;  // looked up by the first question: most have none
  std::uint64_t asked_ = 0;        // from here on, `known_` is the first that has memory
  PageRun known_{0, 0};
};

}  // namespace cleave::detail
