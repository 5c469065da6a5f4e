// Who remembers the memory behind frames and not their addresses, as io_uring's registered buffers do.
#pragma once

#include <array>
#include <cstdint>

#include "cleave/base/units.h"

namespace cleave {

class Frames;

/// Has trim() leave the memory of some frames in place. Punched and populated again, a frame has other
/// memory: who remembers the old would from then on read and write what no space can see.
///
/// What is kept comes in *stretches* of a power of two of frames, at least 2 MiB, and larger in pools where
/// there would be more than kMostStretches of them. Used by one thread at a time; must end before the pool.
class Keeper {
 public:
  static constexpr std::uint64_t kMostStretches = std::uint64_t{1} << 14;

  explicit Keeper(Frames& frames) noexcept;
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  ~Keeper();

  /// Into how many stretches the pool's budget falls; the last may be shorter, the first lacks the zero
  /// frame.
  [[nodiscard]] std::uint64_t stretches() const noexcept { return stretch_of(last_) + 1; }
  [[nodiscard]] std::uint64_t stretch_of(FrameId frame) const noexcept {
    return raw(frame) >> shift_;
  }
  [[nodiscard]] FrameId first(std::uint64_t stretch) const noexcept;
  /// One past its last frame.
  [[nodiscard]] std::uint64_t end(std::uint64_t stretch) const noexcept;
  [[nodiscard]] bool keeps(FrameId frame) const noexcept {
    const std::uint64_t s = stretch_of(frame);
    return (kept_[s / 64] >> (s % 64) & 1) != 0;
  }

  /// Keeps a stretch, if there is memory behind all of it now: keeping must not make a pool larger. False:
  /// there is not, and nothing has changed. Cost: a system call, about 10 ns a frame.
  [[nodiscard]] bool keep(std::uint64_t stretch) noexcept;
  void let_go(std::uint64_t stretch) noexcept;

 private:
  friend class Frames;

  Frames& frames_;
  FrameId last_;
  unsigned shift_ = 9;
  // Guarded by the pool's growth lock, but for the keeper's own reads.
  std::array<std::uint64_t, kMostStretches / 64> kept_{};
  Keeper* next_;
};

}  // namespace cleave
