#include "cleave/arena/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "cleave/sync/memory.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23  // Linux 5.14; older ones refuse it
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000  // Linux 4.17
#endif

namespace cleave {
namespace {

void* map(int descriptor, std::uint64_t bytes, void* at) {
  const int fixed = at == nullptr ? 0 : MAP_FIXED_NOREPLACE;
  return mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | fixed, descriptor, 0);
}

}  // namespace

Result<Mapping> Mapping::create(std::uint64_t pages, void* at) {
  const std::uint64_t bytes = pages * kPageSize;
  if (reinterpret_cast<std::uintptr_t>(at) % kPageSize != 0) {
    return fail(Errc::bad_argument, "an arena lies at a multiple of 4096");
  }
  if (sync::allocation_fails()) {
    return fail(Errc::no_memory, "no file descriptor or address space for the arena");
  }
  const int descriptor = memfd_create("cleave arena", MFD_CLOEXEC);
  if (descriptor < 0) {
    return fail(errno == ENOSYS ? Errc::unsupported : Errc::no_memory,
                "memfd_create failed; an arena needs Linux 3.17 and a free file descriptor", {},
                errno);
  }
  if (ftruncate(descriptor, static_cast<off_t>(bytes)) != 0) {
    const int why = errno;
    (void)close(descriptor);
    return fail(Errc::bad_argument, "the arena is larger than a file may be here", {}, why);
  }
  void* native = map(descriptor, bytes, at);
  if (native != MAP_FAILED && at != nullptr && native != at) {  // a kernel that takes it as a hint
    (void)munmap(native, bytes);
    native = MAP_FAILED;
    errno = EEXIST;
  }
  if (native == MAP_FAILED) {
    const int why = errno;
    (void)close(descriptor);
    if (why == EEXIST) {
      return fail(Errc::already_mapped, "something lies at the arena's address; choose another",
                  Address{reinterpret_cast<std::uintptr_t>(at)}, why);
    }
    return fail(Errc::no_memory, "no address space for the arena; ask for less", {}, why);
  }
  void* alias = map(descriptor, bytes, nullptr);
  if (alias == MAP_FAILED) {
    const int why = errno;
    (void)munmap(native, bytes);
    (void)close(descriptor);
    return fail(Errc::no_memory, "no address space for the arena's second mapping; ask for less",
                {}, why);
  }
  (void)madvise(native, bytes, MADV_DONTFORK);
  (void)madvise(alias, bytes, MADV_DONTFORK);
  return Mapping(descriptor, static_cast<std::byte*>(native), static_cast<std::byte*>(alias),
                 pages);
}

Mapping::Mapping(int descriptor, std::byte* native, std::byte* alias, std::uint64_t pages)
    : descriptor_(descriptor), native_(native), alias_(alias), pages_(pages), process_(getpid()) {}

Mapping::Mapping(Mapping&& from) noexcept
    : descriptor_(std::exchange(from.descriptor_, -1)),
      native_(std::exchange(from.native_, nullptr)),
      alias_(std::exchange(from.alias_, nullptr)),
      pages_(from.pages_),
      process_(from.process_) {}

Mapping::~Mapping() {
  if (native_ != nullptr && is_here()) {
    (void)munmap(native_, bytes());
    (void)munmap(alias_, bytes());
  }
  if (descriptor_ >= 0) (void)close(descriptor_);
}

bool Mapping::is_here() const noexcept { return process_ == getpid(); }

void Mapping::enter_alias(PageRun run) const noexcept {
  if (run.pages() == 0) return;
  (void)madvise(alias(run.first), run.pages() * kPageSize, MADV_POPULATE_WRITE);
}

bool Mapping::punch(PageRun run) noexcept {
  return fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                   static_cast<off_t>(run.first * kPageSize),
                   static_cast<off_t>(run.pages() * kPageSize)) == 0;
}

// Only the arena itself moves this descriptor's offset, under its lock.
PageRun Populated::first_in(PageRun within) noexcept {
  if (within.first < known_.first || within.first >= known_.end) {
    const off_t from =
        lseek(mapping_.descriptor_, static_cast<off_t>(within.first * kPageSize), SEEK_DATA);
    // ENXIO: a hole up to the end. Anything else means that we cannot know.
    if (from < 0) return errno == ENXIO ? PageRun{within.end, within.end} : within;
    const off_t to = lseek(mapping_.descriptor_, from, SEEK_HOLE);
    known_ = {static_cast<std::uint64_t>(from) / kPageSize,
              to < 0 ? mapping_.pages() : static_cast<std::uint64_t>(to) / kPageSize};
  }
  const std::uint64_t first = std::min(std::max(known_.first, within.first), within.end);
  return {first, std::min(known_.end, within.end)};
}

}  // namespace cleave
