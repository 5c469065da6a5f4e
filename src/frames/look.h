// A look at a page that no lock and no section covers.
#pragma once

#include <cstddef>
#include <utility>

#include <cleave/units.h>

namespace cleave::detail {

class Frames;

/// While it lives, the page stays in memory. Made by Frames::look(), which brings the page if it is
/// away; without a backing, no more than an address.
class Look {
 public:
  Look(Look&& other) noexcept
      : frames_(std::exchange(other.frames_, nullptr)),
        frame_(other.frame_),
        bytes_(other.bytes_) {}
  Look& operator=(Look&&) = delete;
  ~Look() {
    if (frames_ != nullptr) let_go();
  }

  [[nodiscard]] std::byte* bytes() const noexcept { return bytes_; }
  /// For who lets go of it by Frames::unwire_at().
  [[nodiscard]] std::byte* keep() noexcept {
    frames_ = nullptr;
    return bytes_;
  }

 private:
  friend class Frames;
  Look(Frames* frames, FrameId frame) noexcept : frames_(frames), frame_(frame) {}
  explicit Look(std::byte* bytes) noexcept : bytes_(bytes) {}
  void let_go() noexcept;

  Frames* frames_ = nullptr;  // null: nothing to let go of
  FrameId frame_ = kZeroFrame;
  std::byte* bytes_ = nullptr;
};

}  // namespace cleave::detail
