#include "arena/memory/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/address_space.h"
#include "base/fail.h"
#include "base/kernel_abi.h"
#include "base/memory_file.h"
#include "base/refusal.h"
#include "base/uncancelled.h"
#include "sync/memory.h"

namespace cleave::detail {
namespace {

constexpr const char* kTaken = "the arena's address range is mapped already; choose another";
constexpr const char* kNoAddress =
    "the arena's address range is not one that a process can have here; choose another";
constexpr Refusals kMap = CLEAVE_REFUSALS("mmap", "the kernel cannot map the arena's file");
constexpr Refusals kOpenAgain =
    CLEAVE_REFUSALS("open", "the arena's memory cannot be opened once more; is /proc mounted?");
constexpr Refusals kKeepFromChildren =
    CLEAVE_REFUSALS("madvise(MADV_DONTFORK)", "the kernel has no madvise(MADV_DONTFORK)");

/// nullptr, and errno, if the kernel will not.
std::byte* map(int descriptor, std::uint64_t bytes, void* at) {
  const int fixed = at == nullptr ? 0 : MAP_FIXED_NOREPLACE;
  void* mapped =
      mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | fixed, descriptor, 0);
  return mapped == MAP_FAILED ? nullptr : static_cast<std::byte*>(mapped);
}

/// The same. The kernel says of addresses that no process has that memory ran short: there it is
/// EFAULT, where what does not fit there, tried twice, fits elsewhere.
std::byte* map_where_asked(int descriptor, std::uint64_t bytes, void* at) {
  std::byte* mapped = map(descriptor, bytes, at);
  if (mapped != nullptr || errno != ENOMEM || at == nullptr) return mapped;
  std::byte* const elsewhere = map(descriptor, bytes, nullptr);
  if (elsewhere == nullptr) return nullptr;
  (void)munmap(elsewhere, bytes);
  mapped = map(descriptor, bytes, at);
  if (mapped == nullptr && errno == ENOMEM) errno = EFAULT;
  return mapped;
}

// As much as a huge page, so that the mapping between them may have some.
constexpr std::uint64_t kGuard = std::uint64_t{2} << 20;

/// The same between two extents that no access may touch: a thread that runs over the end of
/// what lies beside, which may be the native mapping, must not change an arena unnoticed.
std::byte* map_guarded(int descriptor, std::uint64_t bytes) {
  const std::uint64_t whole = kGuard + bytes + kGuard;
  void* room = mmap(nullptr, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return nullptr;
  std::byte* const at = static_cast<std::byte*>(room) + kGuard;
  if (mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED, descriptor,
           0) != MAP_FAILED) {
    return at;
  }
  const int why = errno;
  (void)munmap(room, whole);
  errno = why;
  return nullptr;
}

}  // namespace

Result<Mapping> Mapping::create(std::uint64_t pages, void* at) {
  if (reinterpret_cast<std::uintptr_t>(at) % kPageSize != 0) {
    return fail(Errc::bad_argument, "the arena's address is not a multiple of 4096");
  }
  auto made = with_file(pages);
  if (!made) return made;
  const std::uint64_t bytes = made->bytes();
  made->native_ = map_where_asked(made->file_.descriptor(), bytes, at);
  // Or a kernel that takes it as a hint.
  if (made->native_ == nullptr ? errno == EEXIST : at != nullptr && made->native_ != at) {
    return fail(Errc::already_mapped, kTaken, Address{reinterpret_cast<std::uintptr_t>(at)},
                EEXIST);
  }
  if (made->native_ == nullptr) {
    const int why = errno;
    if (why == EFAULT) {
      return fail(Errc::bad_argument, kNoAddress, Address{reinterpret_cast<std::uintptr_t>(at)});
    }
    return refused_mapping(kMap, bytes, Mapped::shared, why);
  }
  if (auto mapped = made->map_alias(); !mapped) return tl::unexpected(mapped.error());
  if (auto kept = made->keep_from_children(); !kept) return tl::unexpected(kept.error());
  if (auto placed = made->place(); !placed) return tl::unexpected(placed.error());
  return made;
}

Result<Mapping> Mapping::with_file(std::uint64_t pages) {
  const std::uint64_t bytes = pages * kPageSize;
  if (sync::allocation_fails()) {
    return fail(Errc::no_memory, "no file descriptor or address space for the arena");
  }
  const auto descriptor = create_memory_file("cleave arena", bytes);
  if (!descriptor) return tl::unexpected(descriptor.error());
  Mapping made(OwnFile(*descriptor), pages);
  // Whoever comes by the descriptor, through /proc, cannot cut the memory off under its mappings.
  (void)fcntl(*descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
  return made;
}

Result<void> Mapping::map_alias() {
  alias_ = map_guarded(file_.descriptor(), bytes());
  if (alias_ != nullptr) return {};
  return refused_mapping(kMap, kGuard + bytes() + kGuard, Mapped::shared, errno);
}

// A child of fork(2) that saw the memory could write to it.
Result<void> Mapping::keep_from_children() const {
  if (madvise(native_, bytes(), MADV_DONTFORK) != 0 ||
      madvise(alias_ - kGuard, kGuard + bytes() + kGuard, MADV_DONTFORK) != 0) {
    return refused(kKeepFromChildren, errno);
  }
  return {};
}

Result<void> Mapping::place() {
  auto placed = Placement::of({native_, bytes()}, {alias_, bytes()});
  if (!placed) return tl::unexpected(placed.error());
  placement_ = std::move(*placed);
  return {};
}

Result<void> Mapping::check_in_place() const {
  if (!file_.is_there()) return closed_by_the_program();
  return placement_.check();
}

Mapping::Mapping(OwnFile file, std::uint64_t pages)
    : file_(std::move(file)), pages_(pages), process_(sync::Process::current()) {}

Mapping::Mapping(Mapping&& from) noexcept
    : file_(std::move(from.file_)),
      native_(std::exchange(from.native_, nullptr)),
      alias_(std::exchange(from.alias_, nullptr)),
      pages_(from.pages_),
      placement_(std::move(from.placement_)),
      taken_(std::exchange(from.taken_, std::nullopt)),
      process_(from.process_) {}

Mapping::~Mapping() {
  if (file_.is_none() || !is_here()) return;
  // First, so that there are mappings to spare for giving back.
  if (alias_ != nullptr) (void)munmap(alias_ - kGuard, kGuard + bytes() + kGuard);
  if (is_taken_over()) {
    give_back();
  } else if (native_ != nullptr) {
    unmap_native();
  }
  file_.close();
}

// What the program has mapped over part of it is the program's, whatever it was told not to do.
void Mapping::unmap_native() const noexcept {
  const auto in_place = placement_.check_native();
  const bool is_covered = !in_place && (in_place.error().code == Errc::already_mapped ||
                                        in_place.error().code == Errc::not_mapped);
  if (!is_covered) {
    (void)munmap(native_, bytes());
    return;
  }
  for (std::uint64_t done = 0; done < pages();) {
    // One at a time: the list changes as we go.
    PageRun own{pages(), pages()};
    (void)for_each_protection({done, pages()}, [&](PageRun run, int) -> Result<void> {
      own = run;
      return fail(Errc::cancelled, "one at a time");
    });
    (void)munmap(native(own.first), own.pages() * kPageSize);
    done = own.end;
  }
}

Result<int> Mapping::open_read_only() const {
  const Uncancelled here;
  std::array<char, 32> path{};
  (void)std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", file_.descriptor());
  const int opened = above_standard_streams(open(path.data(), O_RDONLY | O_CLOEXEC));
  if (opened >= 0) return opened;
  return refused(kOpenAgain, errno);
}

bool Mapping::map_native(int protection, int descriptor) const noexcept {
  if (mmap(native_, bytes(), protection, MAP_SHARED | MAP_NORESERVE | MAP_FIXED, descriptor, 0) ==
      MAP_FAILED) {
    return false;
  }
  return insist([this] { return madvise(native_, bytes(), MADV_DONTFORK) == 0; });
}

void Mapping::enter_alias(PageRun run) const noexcept {
  if (run.pages() == 0) return;
  (void)madvise(alias(run.first), run.pages() * kPageSize, MADV_POPULATE_WRITE);
}

bool Mapping::punch(PageRun run) noexcept {
  const Uncancelled here;
  int done;
  do {
    done = fallocate(file_.descriptor(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                     static_cast<off_t>(run.first * kPageSize),
                     static_cast<off_t>(run.pages() * kPageSize));
  } while (done != 0 && is_interrupted(errno));
  return done == 0;
}

// Only the arena itself moves this descriptor's offset, under its lock.
PageRun ResidentRanges::first_in(PageRun within) noexcept {
  if (within.first < asked_ || within.first >= known_.end) {
    if (!descriptor_) descriptor_ = mapping_.file_.descriptor();
    const off_t from = lseek(*descriptor_, static_cast<off_t>(within.first * kPageSize), SEEK_DATA);
    // ENXIO: a hole up to the end. Anything else means that we cannot know.
    if (from < 0 && errno != ENXIO) return within;
    const off_t to = from < 0 ? from : lseek(*descriptor_, from, SEEK_HOLE);
    const auto page_at = [&](off_t offset) {
      return offset < 0 ? mapping_.pages() : static_cast<std::uint64_t>(offset) / kPageSize;
    };
    asked_ = within.first;
    known_ = {page_at(from), page_at(to)};
  }
  const std::uint64_t first = std::min(std::max(known_.first, within.first), within.end);
  return {first, std::min(known_.end, within.end)};
}

}  // namespace cleave::detail
