// A hold: a stable look at pages as they are.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "cleave/base/error.h"
#include "cleave/base/units.h"
#include "cleave/frames/frames.h"
#include "cleave/table/table.h"

namespace cleave {

/// A counted reference to the pages of a range: whoever writes to one of them later copies away from it, so
/// what the hold shows never changes. Right for output: write these pages to disk while others write on.
/// (A pin is the opposite: whoever writes, writes where the device looks.) Pages that were pinned when the
/// hold was taken are copied for it, since what is pinned cannot be shared.
///
/// Movable. Any number of threads may read one hold; it may outlive its space, not its pool.
class [[nodiscard]] Hold {
 public:
  Hold(Hold&& other) noexcept;
  Hold& operator=(Hold&& other) noexcept;
  /// Cost: by what only this hold still held.
  ~Hold() { table_.drop(*frames_); }

  [[nodiscard]] Address address() const { return at_; }
  [[nodiscard]] ByteCount bytes() const { return bytes_; }

  /// Calls `visit` for the held bytes in order, as few contiguous pieces as the frames allow. The memory
  /// stays as it is while the hold lives, and lies in the pool's window.
  void for_each_piece(const std::function<void(std::span<const std::byte>)>& visit) const {
    for_each_piece(at_, bytes_, visit);
  }
  /// The same for a part. Precondition: it lies inside what is held. Cost: by the pages of the part.
  void for_each_piece(Address from, ByteCount bytes,
                      const std::function<void(std::span<const std::byte>)>& visit) const;

  /// Errors: bad_argument (not inside what is held).
  Result<void> read(Address from, std::span<std::byte> into) const;

 private:
  friend class Space;
  Hold(Frames& frames, Address at, ByteCount bytes) : frames_(&frames), at_(at), bytes_(bytes) {}

  Frames* frames_;
  Table table_;
  Address at_;
  ByteCount bytes_;
};

}  // namespace cleave
