// The memory of a pool: one memfd, mapped shared once, in which all slots lie. One mapping means:
// one buffer to register for I/O, nothing copied when the host process forks, and no growth in the
// number of the kernel's mappings however many branches there are.
#pragma once

#include <cstddef>
#include <cstdint>

#include <cleave/error.h>
#include <cleave/units.h>

#include "base/own_file.h"
#include "frames/slots/slot.h"
#include "sync/process.h"

namespace cleave::detail {

class FrameFile {
 public:
  /// Reserves addresses for `frames` slots; takes no memory yet. Errors: bad_argument
  /// (RLIMIT_FSIZE), no_memory (address space, descriptors), unsupported (no memfd_create).
  static Result<FrameFile> create(std::uint64_t slots);

  FrameFile(FrameFile&& from) noexcept;
  FrameFile& operator=(FrameFile&&) = delete;
  ~FrameFile();

  [[nodiscard]] std::byte* data(Slot slot) const noexcept {
    return base_ + (std::uint64_t{raw(slot)} << kPageBits);
  }
  [[nodiscard]] std::byte* base() const noexcept { return base_; }
  [[nodiscard]] std::uint64_t slots() const noexcept { return slots_; }
  /// The memfd, owned by this; -1: the program has closed it.
  [[nodiscard]] int descriptor() const noexcept { return file_.descriptor(); }
  /// False in a child of fork(2): then the mapping is not there.
  [[nodiscard]] bool is_here() const noexcept { return process_.is_here(); }

  /// Has the kernel provide and map `count` slots from `first` on, zeroed where they were never
  /// touched. Errors: no_memory, unsupported; then some of them may be there, none is lost. Cost:
  /// about 1 us a frame.
  Result<void> populate(Slot first, std::uint64_t count) noexcept;

  /// Whether there is memory behind each of `count` slots now. False where the kernel does not
  /// tell.
  [[nodiscard]] bool has_memory(Slot first, std::uint64_t count) const noexcept;

  /// Gives the memory of `count` slots back to the kernel; they read as zeroes from then on.
  /// Errors: unsupported, no_memory, and nothing has changed.
  Result<void> punch(Slot first, std::uint64_t count) noexcept;

 private:
  FrameFile(OwnFile file, std::byte* base, std::uint64_t slots);
  /// fallocate(2) for slots; false, and errno, if the kernel will not.
  bool allocate(int mode, Slot first, std::uint64_t count) const noexcept;

  OwnFile file_;  // the memfd
  std::byte* base_;
  std::uint64_t slots_;
  sync::Process process_;
};

}  // namespace cleave::detail
