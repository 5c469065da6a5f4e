// A pin: coherent access to pages for a device.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "cleave/base/error.h"
#include "cleave/base/units.h"
#include "cleave/frames/frames.h"
#include "cleave/space/pieces.h"

namespace cleave {

/// How long a pin is meant to last. Both are honoured for as long as they are held; they are counted apart,
/// because who wonders why memory does not come back wants to know which of the two to look for.
enum class PinTerm : std::uint8_t {
  one_operation,  ///< until one I/O completes
  lasting,        ///< as long as the holder likes: a registered buffer, a device's ring
};

/// While a page is pinned, its owner and the device see one and the same frame: the space owns the frame,
/// forks give the child a copy of it, writes happen in place. (A) what is pinned was owned first, by breaking
/// sharing early; (B) what is pinned is never shared again. Unmapping or discarding the page, or destroying
/// the space, leaves the frame to the pin alone: the device goes on safely, and whatever comes to that
/// address later is another frame.
///
/// Movable. Any thread may hold, read and release it; it may outlive its space, not its pool. Releasing
/// checks that no pinned frame was shared meanwhile, and stops the program if one was.
class [[nodiscard]] Pin {
 public:
  Pin(Pin&& other) noexcept
      : frames_(other.frames_),
        access_(other.access_),
        term_(other.term_),
        pieces_(std::move(other.pieces_)),
        counted_(std::exchange(other.counted_, 0)) {}
  Pin& operator=(Pin&& other) noexcept {
    Pin old = std::move(*this);
    pieces_ = std::move(other.pieces_);
    frames_ = other.frames_;
    access_ = other.access_;
    term_ = other.term_;
    counted_ = std::exchange(other.counted_, 0);
    return *this;
  }
  ~Pin() { release(); }

  /// The pinned bytes in order, as few contiguous pieces as the frames allow.
  [[nodiscard]] std::span<const iovec> pieces() const { return pieces_.list(); }
  /// Bytes in all pieces.
  [[nodiscard]] std::uint64_t bytes() const { return pieces_.bytes(); }
  /// Where a piece lies in the pool's window, and so in a buffer registered over it.
  [[nodiscard]] std::uint64_t window_offset(const iovec& piece) const {
    return static_cast<std::uint64_t>(static_cast<const std::byte*>(piece.iov_base) -
                                      frames_->window().base());
  }

  /// Lets go now. Afterwards there are no pieces. Cost: an atomic operation a page.
  void release() noexcept;

 private:
  friend class PinBuilder;
  Pin(Frames& frames, PinAccess access, PinTerm term)
      : frames_(&frames), access_(access), term_(term) {}
  [[nodiscard]] sync::SpreadCount& census() const;

  Frames* frames_;
  PinAccess access_;
  PinTerm term_;
  Pieces pieces_;
  std::uint64_t counted_ =
      0;  // pages that the pool's statistics know of: all, once the pin is complete
};

}  // namespace cleave
