// The memory of a pool: one memfd, mapped shared once, in which all frames lie. One mapping means:
// one buffer to register for I/O, nothing copied when the host process forks, and no growth in the
// number of the kernel's mappings however many branches there are.
#pragma once

#include <cstddef>
#include <cstdint>

#include <cleave/error.h>
#include <cleave/units.h>

#include "sync/process.h"

namespace cleave::detail {

class FrameFile {
 public:
  /// Reserves addresses for `frames` frames; takes no memory yet. Errors: bad_argument
  /// (RLIMIT_FSIZE), no_memory (address space, descriptors), unsupported (no memfd_create).
  static Result<FrameFile> create(std::uint64_t frames);

  FrameFile(FrameFile&& from) noexcept;
  FrameFile& operator=(FrameFile&&) = delete;
  ~FrameFile();

  [[nodiscard]] std::byte* data(FrameId frame) const noexcept {
    return base_ + (std::uint64_t{raw(frame)} << kPageBits);
  }
  [[nodiscard]] std::byte* base() const noexcept { return base_; }
  [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }
  /// The memfd. Owned by this.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// False in a child of fork(2): then the mapping is not there.
  [[nodiscard]] bool is_here() const noexcept { return process_.is_here(); }

  /// Has the kernel provide and map `count` frames from `first` on, zeroed where they were never
  /// touched. Errors: no_memory, unsupported; then some of them may be there, none is lost. Cost:
  /// about 1 us a frame.
  Result<void> populate(FrameId first, std::uint64_t count) noexcept;

  /// Whether there is memory behind each of `count` frames now. False where the kernel does not
  /// tell.
  [[nodiscard]] bool has_memory(FrameId first, std::uint64_t count) const noexcept;

  /// Gives the memory of `count` frames back to the kernel; they read as zeroes from then on.
  /// Errors: unsupported, no_memory, and nothing has changed.
  Result<void> punch(FrameId first, std::uint64_t count) noexcept;

 private:
  FrameFile(int descriptor, std::byte* base, std::uint64_t frames);
  /// fallocate(2) for frames; false, and errno, if the kernel will not.
  bool allocate(int mode, FrameId first, std::uint64_t count) const noexcept;

  int descriptor_;
  std::byte* base_;
  std::uint64_t frames_;
  sync::Process process_;
};

}  // namespace cleave::detail
