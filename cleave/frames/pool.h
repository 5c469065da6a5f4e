// The pool: the memory of all spaces.
#pragma once

#include <memory>

#include "cleave/base/error.h"
#include "cleave/base/units.h"
#include "cleave/frames/frames.h"

namespace cleave {

/// Frames shared by any number of spaces and snapshots, up to a budget. Movable; any thread may use it.
/// It must outlive everything made from it: its destructor stops the program otherwise.
class Pool {
 public:
  /// A pool that may use up to `budget` bytes (rounded down to pages) for frames. Takes address space
  /// now and memory as it is needed; table nodes and handles come on top, from malloc.
  /// Errors: bad_argument (no whole page, or 16 TiB and more), no_memory, unsupported.
  static Result<Pool> create(ByteCount budget);

  Pool(Pool&&) noexcept = default;
  Pool& operator=(Pool&&) noexcept = default;
  ~Pool() = default;

  /// Sees to it that `bytes` can be written without waiting for the kernel: provides memory for what is
  /// not free already (about 1 us a page). Error: no_memory (budget or machine); what could be provided
  /// stays provided.
  Result<void> reserve(ByteCount bytes) { return frames_->reserve(pages(bytes)); }

  /// Gives the memory of free frames back to the kernel; the number of bytes. They are taken again
  /// when needed, at the kernel's price. Errors: no_memory, unsupported; nothing is lost then.
  Result<ByteCount> trim() {
    return frames_->trim().map([](std::uint64_t n) { return ByteCount{n << kPageBits}; });
  }

  [[nodiscard]] PoolStatistics statistics() const noexcept { return frames_->statistics(); }

  /// The machinery, for the rooms above.
  [[nodiscard]] Frames& frames() const noexcept { return *frames_; }

 private:
  struct End {
    void operator()(Frames* frames) const noexcept;
  };
  explicit Pool(Frames* frames) : frames_(frames) {}
  static std::uint64_t pages(ByteCount bytes) {
    return (bytes.value >> kPageBits) + ((bytes.value & (kPageSize - 1)) != 0 ? 1 : 0);
  }

  std::unique_ptr<Frames, End> frames_;
};

}  // namespace cleave
