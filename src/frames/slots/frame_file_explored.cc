// The memory of a pool in an explored build: a piece of the heap. A run then makes no system call,
// and finds its frames at the addresses of the run before.
#include "frames/slots/frame_file.h"

#ifdef CLEAVE_EXPLORED

#include <cstring>
#include <utility>

#include "base/fail.h"
#include "sync/memory.h"

namespace cleave::detail {

Result<FrameFile> FrameFile::create(std::uint64_t slots) {
  const std::uint64_t bytes = slots << kPageBits;
  void* base = sync::allocate(bytes, kPageSize);
  if (base == nullptr) return fail(Errc::no_memory, "no memory for the frames of an explored run");
  std::memset(base, 0, bytes);
  return FrameFile(OwnFile(), static_cast<std::byte*>(base), slots);
}

FrameFile::FrameFile(OwnFile file, std::byte* base, std::uint64_t slots)
    : file_(std::move(file)), base_(base), slots_(slots), process_(sync::Process::current()) {}

FrameFile::FrameFile(FrameFile&& from) noexcept
    : file_(std::move(from.file_)),
      base_(std::exchange(from.base_, nullptr)),
      slots_(from.slots_),
      process_(from.process_) {}

FrameFile::~FrameFile() {
  if (base_ != nullptr) sync::deallocate(base_);
}

Result<void> FrameFile::populate(Slot /*first*/, std::uint64_t /*count*/) noexcept { return {}; }
bool FrameFile::has_memory(Slot /*first*/, std::uint64_t /*count*/) const noexcept { return true; }

Result<void> FrameFile::punch(Slot first, std::uint64_t count) noexcept {
  std::memset(data(first), 0, count << kPageBits);
  return {};
}

}  // namespace cleave::detail

#endif
