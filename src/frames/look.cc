#include "frames/look.h"

#include "base/fail.h"
#include "frames/frames.h"
#include "frames/state/lack.h"

namespace cleave::detail {

Result<Look> Frames::look(FrameId frame) noexcept {
  if (away_ == nullptr || frame == kZeroFrame) return Look(data(frame));
  bool here = false;
  if (!away_->wire(frame, &here)) {
    return fail(Errc::too_many_pins,
                "the page is being looked at as often as can be counted (255); end some views");
  }
  if (frame == kZeroFrame) return Look(data(frame));
  Look look(this, frame);
  if (!here) {
    if (auto brought = away_->bring(frame); !brought) return tl::unexpected(brought.error());
  }
  look.bytes_ = data(frame);
  return look;
}

// Too many threads want it already: they have it in a moment, and the operation tries again.
tl::unexpected<Error> Frames::lacks(FrameId frame) noexcept {
  bool here = false;
  return away_->wire(frame, &here) ? lack::bytes(frame) : lack::turn();
}

std::byte* Frames::reach_merged(FrameId frame) const noexcept {
  const FrameId whose = away_->whose(frame);
  if (whose == frame) return nullptr;
  return whose == kZeroFrame || state(whose).reach() ? data(whose) : nullptr;
}

void Frames::unwire(FrameId frame) noexcept {
  if (!state(frame).unwire()) return;
  FrameChain freed;
  freed.push(frame, links());
  give(freed);
}

void Frames::unwire_at(const std::byte* address) noexcept {
  const FrameId frame = frame_at(address);
  if (away_ != nullptr && frame != kZeroFrame) unwire(frame);
}

void Look::let_go() noexcept { frames_->unwire(frame_); }

}  // namespace cleave::detail
