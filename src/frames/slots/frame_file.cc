#include "frames/slots/frame_file.h"

#ifndef CLEAVE_EXPLORED  // for that, frame_file_explored.cc

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
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

constexpr Refusals kMap = CLEAVE_REFUSALS("mmap", "the kernel cannot map the pool's file");
constexpr Refusals kKeepFromChildren =
    CLEAVE_REFUSALS("madvise(MADV_DONTFORK)", "the kernel has no madvise(MADV_DONTFORK)");
constexpr Refusals kProtect = CLEAVE_REFUSALS("mprotect", "the kernel cannot protect memory");
constexpr Refusals kProvide =
    CLEAVE_REFUSALS("fallocate", "the kernel can allocate no memory of a memfd ahead");
constexpr Refusals kPunch =
    CLEAVE_REFUSALS("fallocate", "the kernel cannot punch holes into the pool's file");
constexpr const char* kNoMemory =
    "the machine, or the process's control group, has no memory left for the pool; drop forks, or "
    "free memory elsewhere";

}  // namespace

Result<FrameFile> FrameFile::create(std::uint64_t slots) {
  const std::uint64_t bytes = slots << kPageBits;
  if (sync::allocation_fails()) {
    return fail(Errc::no_memory, "no file descriptor or address space for the pool");
  }
  const Uncancelled here;
  const auto descriptor = create_memory_file("cleave", bytes);
  if (!descriptor) return tl::unexpected(descriptor.error());
  void* base =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, *descriptor, 0);
  if (base == MAP_FAILED) {
    const auto why = refused_mapping(kMap, bytes, Mapped::shared, errno);
    (void)close(*descriptor);
    return why;
  }
  FrameFile made(OwnFile(*descriptor), static_cast<std::byte*>(base), slots);
  // A child of fork(2) gets no view of the frames: it cannot disturb its parent, and a stray use of
  // a space over there stops with SIGSEGV instead of sharing silently. Spares the host's fork the
  // work.
  if (madvise(base, bytes, MADV_DONTFORK) != 0) return refused(kKeepFromChildren, errno);
  // Frame 0 is the zero frame, which every absent page reads from: nothing may write to it.
  if (mprotect(base, kPageSize, PROT_READ) != 0) {
    return refused_mapping(kProtect, 0, Mapped::shared, errno);
  }
  return made;
}

FrameFile::FrameFile(OwnFile file, std::byte* base, std::uint64_t slots)
    : file_(std::move(file)), base_(base), slots_(slots), process_(sync::Process::current()) {}

FrameFile::FrameFile(FrameFile&& from) noexcept
    : file_(std::move(from.file_)),
      base_(std::exchange(from.base_, nullptr)),
      slots_(from.slots_),
      process_(from.process_) {}

FrameFile::~FrameFile() {
  if (base_ == nullptr || !is_here()) return;
  (void)munmap(base_, slots_ << kPageBits);
  file_.close();
}

Result<void> FrameFile::populate(Slot first, std::uint64_t count) noexcept {
  const std::uint64_t bytes = count << kPageBits;
  if (madvise(data(first), bytes, MADV_POPULATE_WRITE) == 0) return {};
  if (!is_lacking(errno)) return fail(Errc::no_memory, kNoMemory, {}, errno);
  // Before Linux 5.14: allocate through the file, so that a full machine is an error and not
  // SIGBUS.
  if (allocate(0, first, count)) return {};
  if (errno == ENOSPC || errno == ENOMEM) return fail(Errc::no_memory, kNoMemory, {}, errno);
  return refused(kProvide, errno);
}

bool FrameFile::allocate(int mode, Slot first, std::uint64_t count) const noexcept {
  const Uncancelled here;
  const auto offset = static_cast<off_t>(std::uint64_t{raw(first)} << kPageBits);
  const auto bytes = static_cast<off_t>(count << kPageBits);
  int done;
  do {
    done = fallocate(file_.descriptor(), mode, offset, bytes);
  } while (done != 0 && is_interrupted(errno));
  return done == 0;
}

bool FrameFile::has_memory(Slot first, std::uint64_t count) const noexcept {
  std::array<unsigned char, 512> resident;
  for (std::uint64_t from = 0; from < count; from += resident.size()) {
    const std::uint64_t here = std::min<std::uint64_t>(count - from, resident.size());
    const Slot slot{raw(first) + static_cast<std::uint32_t>(from)};
    if (mincore(data(slot), here << kPageBits, resident.data()) != 0) return false;
    const auto end = resident.begin() + static_cast<std::ptrdiff_t>(here);
    if (!std::all_of(resident.begin(), end, [](unsigned char r) { return (r & 1) != 0; })) {
      return false;
    }
  }
  return true;
}

Result<void> FrameFile::punch(Slot first, std::uint64_t count) noexcept {
  if (allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, first, count)) return {};
  return refused(kPunch, errno);
}

}  // namespace cleave::detail

#endif
