// Views: bytes of pages that cannot change, without a copy.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <utility>

#include <cleave/detail/config.h>
#include <cleave/detail/pieces.h>
#include <cleave/units.h>

namespace cleave {

class Snapshot;
class Hold;

namespace detail {
class Frames;
}  // namespace detail

/// One page as a snapshot has it. While the view and its snapshot live, the bytes are in memory and
/// stay as they are: of a pool with a backing, the page does not go. Move-only; any thread may read
/// and end it. Moved-from it has no bytes.
class CLEAVE_API PageView {
 public:
  /// Takes over what `other` is.
  PageView(PageView&& other) noexcept
      : frames_(other.frames_),
        bytes_(std::exchange(other.bytes_, nullptr)),
        absent_(other.absent_) {}
  /// Lets go of what this was, and takes over what `other` is.
  PageView& operator=(PageView&& other) noexcept;
  ~PageView();

  /// The page's 4096 bytes; zeroes where it is absent.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return {bytes_, bytes_ == nullptr ? 0 : kPageSize};
  }
  /// Whether the page was never written, or was discarded: it has no memory of its own.
  [[nodiscard]] bool is_absent() const noexcept { return absent_; }

 private:
  friend class Snapshot;
  PageView(detail::Frames& frames, const std::byte* bytes, bool absent) noexcept
      : frames_(&frames), bytes_(bytes), absent_(absent) {}

  detail::Frames* frames_;
  const std::byte* bytes_;
  bool absent_;
};

/// Bytes of a hold, or of a part of it, where they lie. While the view and its hold live, they are
/// in memory and stay as they are: of a pool with a backing, the pages do not go. Move-only; any
/// thread may read and end it. Moved-from it has no pieces.
class CLEAVE_API HoldView {
 public:
  /// Takes over what `other` is.
  HoldView(HoldView&& other) noexcept;
  /// Lets go of what this was, and takes over what `other` is.
  HoldView& operator=(HoldView&& other) noexcept;
  ~HoldView();

  /// The bytes in order, in as few contiguous pieces as the frames allow. Only to be read: iovec
  /// has one type for both directions.
  [[nodiscard]] std::span<const iovec> pieces() const noexcept { return pieces_.list(); }
  /// Bytes in all pieces.
  [[nodiscard]] ByteCount size() const noexcept { return pieces_.bytes(); }

 private:
  friend class Hold;
  explicit HoldView(detail::Frames& frames) noexcept : frames_(&frames) {}

  detail::Frames* frames_;
  detail::Pieces pieces_;
};

}  // namespace cleave
