#include "frames/frame_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "base/fail.h"
#include "base/kernel_abi.h"
#include "sync/memory.h"

namespace cleave::detail {

Result<FrameFile> FrameFile::create(std::uint64_t frames) {
  const std::uint64_t bytes = frames << kPageBits;
  if (sync::allocation_fails()) {
    return fail(Errc::no_memory, "no file descriptor or address space for the pool");
  }
  const int descriptor = memfd_create("cleave", MFD_CLOEXEC);
  if (descriptor < 0) {
    return fail(errno == ENOSYS ? Errc::unsupported : Errc::no_memory,
                "memfd_create failed; the pool needs Linux 3.17 and a free file descriptor", {},
                errno);
  }
  if (ftruncate(descriptor, static_cast<off_t>(bytes)) != 0) {
    const int why = errno;
    (void)close(descriptor);
    return fail(Errc::no_memory, "the pool's budget is larger than a file may be here", {}, why);
  }
  void* base =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, descriptor, 0);
  if (base == MAP_FAILED) {
    const int why = errno;
    (void)close(descriptor);
    return fail(Errc::no_memory, "no address space for the pool's budget; ask for less", {}, why);
  }
  // A child of fork(2) gets no view of the frames: it cannot disturb its parent, and a stray use of
  // a space over there stops with SIGSEGV instead of sharing silently. Spares the host's fork the
  // work.
  (void)madvise(base, bytes, MADV_DONTFORK);
  // Frame 0 is the zero frame, which every absent page reads from: nothing may write to it.
  (void)mprotect(base, kPageSize, PROT_READ);
  return FrameFile(descriptor, static_cast<std::byte*>(base), frames);
}

FrameFile::FrameFile(int descriptor, std::byte* base, std::uint64_t frames)
    : descriptor_(descriptor), base_(base), frames_(frames), process_(sync::Process::current()) {}

FrameFile::FrameFile(FrameFile&& from) noexcept
    : descriptor_(std::exchange(from.descriptor_, -1)),
      base_(std::exchange(from.base_, nullptr)),
      frames_(from.frames_),
      process_(from.process_) {}

FrameFile::~FrameFile() {
  if (base_ == nullptr || !is_here()) return;
  (void)munmap(base_, frames_ << kPageBits);
  (void)close(descriptor_);
}

Result<void> FrameFile::populate(FrameId first, std::uint64_t count) noexcept {
  const std::uint64_t bytes = count << kPageBits;
  if (madvise(data(first), bytes, MADV_POPULATE_WRITE) == 0) return {};
  if (errno != EINVAL) {
    return fail(Errc::no_memory,
                "the machine has no memory left for the pool; drop forks or free "
                "memory elsewhere",
                {}, errno);
  }
  // Before Linux 5.14: allocate through the file, so that a full machine is an error and not
  // SIGBUS.
  const auto offset = static_cast<off_t>(std::uint64_t{raw(first)} << kPageBits);
  if (fallocate(descriptor_, 0, offset, static_cast<off_t>(bytes)) == 0) return {};
  return fail(Errc::no_memory,
              "the machine has no memory left for the pool; drop forks or free "
              "memory elsewhere",
              {}, errno);
}

bool FrameFile::has_memory(FrameId first, std::uint64_t count) const noexcept {
  std::array<unsigned char, 512> resident;
  for (std::uint64_t from = 0; from < count; from += resident.size()) {
    const std::uint64_t here = std::min<std::uint64_t>(count - from, resident.size());
    const FrameId frame{raw(first) + static_cast<std::uint32_t>(from)};
    if (mincore(data(frame), here << kPageBits, resident.data()) != 0) return false;
    const auto end = resident.begin() + static_cast<std::ptrdiff_t>(here);
    if (!std::all_of(resident.begin(), end, [](unsigned char r) { return (r & 1) != 0; })) {
      return false;
    }
  }
  return true;
}

Result<void> FrameFile::punch(FrameId first, std::uint64_t count) noexcept {
  const auto offset = static_cast<off_t>(std::uint64_t{raw(first)} << kPageBits);
  if (fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
                static_cast<off_t>(count << kPageBits)) == 0) {
    return {};
  }
  return fail(Errc::unsupported, "the kernel cannot punch holes into the pool's file", {}, errno);
}

}  // namespace cleave::detail
