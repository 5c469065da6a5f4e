#include <utility>

#include <cleave/pin.h>

#include "frames/frames.h"
#include "pins/pages_of.h"

namespace cleave {
using namespace detail;

Pin::Pin(Pin&& other) noexcept
    : frames_(other.frames_),
      pieces_(std::move(other.pieces_)),
      counted_(std::exchange(other.counted_, 0)),
      access_(other.access_),
      place_(other.place_) {}

Pin& Pin::operator=(Pin&& other) noexcept {
  Pin taken = std::move(other);
  std::swap(frames_, taken.frames_);
  std::swap(pieces_, taken.pieces_);
  std::swap(counted_, taken.counted_);
  std::swap(access_, taken.access_);
  std::swap(place_, taken.place_);
  return *this;  // what was pinned here goes with `taken`
}

Pin::~Pin() { release(); }

ByteCount Pin::pool_offset(const iovec& piece) const noexcept {
  return static_cast<std::uint64_t>(static_cast<const std::byte*>(piece.iov_base) -
                                    frames_->file().base());
}

void Pin::release() noexcept {
  if (pieces_.list().empty()) return;  // the pool may be gone
  if (!frames_->is_here()) return pieces_.clear();
  FrameChain freed;
  for (const iovec& piece : pieces_.list()) {
    for_each_page_of(piece, [&](const std::byte* page) {
      const FrameId frame = frames_->frame_at(page);
      if (frames_->state(frame).unpin(access_)) freed.push(frame, frames_->links());
    });
  }
  pieces_.clear();
  frames_->give(freed);
  // Last: with the last pin the pool may go.
  if (counted_ != 0) frames_->release_pins(place_, std::exchange(counted_, 0));
}

}  // namespace cleave
