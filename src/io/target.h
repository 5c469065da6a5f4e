// The file at the other end of a transfer: how it wants to be asked.
#pragma once

#include <cstdint>
#include <limits>

#include <cleave/error.h>
#include <cleave/file.h>
#include <cleave/units.h>

namespace cleave::detail {

/// A duplicate of the caller's descriptor, so that closing the original, and even opening another
/// file under its number, does not send half a transfer elsewhere. Knows where O_DIRECT may be
/// used.
///
/// What O_DIRECT cannot serve, heads and tails that are not aligned, goes through the page cache,
/// by a second open file description without the flag. Bouncing it through an aligned buffer was
/// rejected: to write a tail one would have to read, write more than was asked for, and cut the
/// file again, in the face of whoever else writes there. Clearing the flag on the caller's
/// description would do it to all who share that.
class Target {
 public:
  /// Errors: io (not an open descriptor; no descriptor left).
  static Result<Target> of(int descriptor);

  /// Whether its bytes come one after the other whatever the offset: pipes, sockets, character
  /// devices, and files open for appending. Then there may be one request at a time.
  [[nodiscard]] bool is_in_order() const noexcept { return in_order_; }

  struct Step {
    int descriptor;
    std::uint64_t offset;  ///< as io_uring wants it
    std::uint64_t bytes;   ///< how many to ask for, at most
    bool direct;
  };
  /// How to transfer up to `bytes` bytes, not none, between `address` and the file's `offset`.
  /// Errors: io (the file cannot be opened a second time), no_memory.
  Result<Step> step(std::uint64_t offset, Address address, std::uint64_t bytes);

  /// How many of `bytes` bytes, from the first on, may be written at the file's `offset`: at
  /// RLIMIT_FSIZE, as it was when the transfer started, the kernel would end the process (SIGXFSZ).
  [[nodiscard]] std::uint64_t may_write(std::uint64_t offset, std::uint64_t bytes) const noexcept;

  /// Whether it is a regular file that has no byte at or after `offset` now.
  [[nodiscard]] bool ends_by(std::uint64_t offset) const noexcept;

  /// Everything goes through the page cache from now on: the file has wishes that it did not tell.
  void give_up_direct() noexcept { direct_ = false; }

 private:
  Target(File file) noexcept : file_(std::move(file)) {}
  Result<int> through_the_cache();
  [[nodiscard]] bool is_direct_file() const noexcept { return flags_ != 0; }

  File file_;
  File cached_{-1};
  std::uint64_t most_bytes_ = std::numeric_limits<std::uint64_t>::max();  // of a regular file
  bool appends_ = false;
  int flags_ = 0;  // to open it again; 0 if it was not opened with O_DIRECT
  bool direct_ = false;
  bool in_order_ = false;
  bool has_offsets_ = true;
  std::uint64_t memory_alignment_ = 512;
  std::uint64_t offset_alignment_ = kPageSize;
};

}  // namespace cleave::detail
