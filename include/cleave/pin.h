// A pin: coherent access to pages for a device.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>

#include <cleave/detail/config.h>
#include <cleave/detail/pieces.h>
#include <cleave/units.h>

namespace cleave {

namespace detail {
class Frames;
class PinBuilder;
}  // namespace detail

/// What a device will do with a pinned page: read it (the page goes out) or write to it (it comes
/// in).
enum class PinAccess : std::uint8_t { read, write };

/// How long a pin is meant to last. Both are honoured for as long as they are held; they are
/// counted apart, so that the pool's statistics tell which of the two keeps memory from coming
/// back. (FOLL_LONGTERM)
enum class PinTerm : std::uint8_t {
  short_term,  ///< until one I/O completes
  long_term,   ///< as long as the holder likes: a registered buffer, a device's ring
};

/// While a page is pinned, its owner and the device see one and the same frame: the space owns the
/// frame, forks give the child a copy of it, writes happen in place. (A) what is pinned was owned
/// first, by breaking sharing early; (B) what is pinned is never shared again. Unmapping or
/// discarding the page, or destroying the space, leaves the frame to the pin alone: the device goes
/// on safely, and whatever comes to that address later is another frame.
///
/// Movable. Any thread may hold, read and release it; it may outlive its space. Releasing checks
/// that no pinned frame was shared meanwhile, and stops the program if one was. Moved-from or
/// released, it has no pieces.
class [[nodiscard]] CLEAVE_API Pin {
 public:
  /// Takes over what `other` is.
  Pin(Pin&& other) noexcept;
  /// Releases what was pinned here.
  Pin& operator=(Pin&& other) noexcept;
  ~Pin();

  /// The pinned bytes in order, in as few contiguous pieces as the frames allow.
  [[nodiscard]] std::span<const iovec> pieces() const noexcept { return pieces_.list(); }
  /// Bytes in all pieces.
  [[nodiscard]] ByteCount size() const noexcept { return pieces_.bytes(); }
  /// Where a piece lies in the pool's memory, in bytes from its start, and so in a buffer
  /// registered over it. Precondition: one of pieces().
  [[nodiscard]] ByteCount pool_offset(const iovec& piece) const noexcept;

  /// Lets go now; again: nothing. Cost: an atomic operation a page.
  void release() noexcept;

 private:
  friend class detail::PinBuilder;
  Pin(detail::Frames& frames, PinAccess access) noexcept : frames_(&frames), access_(access) {}

  detail::Frames* frames_;
  detail::Pieces pieces_;
  /// Pages that the pool counts for this pin, in the place below: all, once the pin is complete.
  std::uint64_t counted_ = 0;
  PinAccess access_;
  std::uint8_t place_ = 0;
};

}  // namespace cleave
