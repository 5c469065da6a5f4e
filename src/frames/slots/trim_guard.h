// Who remembers the memory behind frames and not their addresses, as io_uring's registered buffers
// do.
#pragma once

#include <array>
#include <cstdint>

#include <cleave/units.h>

#include "frames/slots/slot.h"

namespace cleave::detail {

class Slots;

/// Has trim() leave the memory of some slots in place. A slot whose memory was given back and
/// provided again has other memory: who remembers the old would from then on read and write what no
/// space can see.
///
/// What is kept comes in *extents* of a power of two of slots, at least 2 MiB, and larger in pools
/// where there would be more than kMostExtents of them. Used by one thread at a time, which
/// keeps the pool.
class TrimGuard {
 public:
  static constexpr std::uint64_t kMostExtents = std::uint64_t{1} << 14;

  explicit TrimGuard(Slots& slots) noexcept;
  TrimGuard(const TrimGuard&) = delete;
  TrimGuard& operator=(const TrimGuard&) = delete;
  ~TrimGuard();

  /// Into how many extents the pool's budget falls; the last may be shorter, the first lacks the
  /// zero frame.
  [[nodiscard]] std::uint64_t extents() const noexcept { return extent_of(last_) + 1; }
  [[nodiscard]] std::uint64_t extent_of(Slot slot) const noexcept { return raw(slot) >> shift_; }
  [[nodiscard]] Slot first(std::uint64_t extent) const noexcept;
  /// One past its last frame.
  [[nodiscard]] std::uint64_t end(std::uint64_t extent) const noexcept;
  [[nodiscard]] bool keeps(Slot slot) const noexcept {
    const std::uint64_t s = extent_of(slot);
    return (kept_[s / 64] >> (s % 64) & 1) != 0;
  }

  /// Keeps an extent, if there is memory behind all of it now: keeping must not make a pool larger.
  /// False: there is not, and nothing has changed. Cost: a system call, about 10 ns a frame.
  [[nodiscard]] bool keep(std::uint64_t extent) noexcept;
  void release(std::uint64_t extent) noexcept;

 private:
  friend class Slots;

  Slots& slots_;
  Slot last_;
  unsigned shift_ = 9;
  // Guarded by the pool's growth lock, but for reads by the thread that uses the guard.
  std::array<std::uint64_t, kMostExtents / 64> kept_{};
  TrimGuard* next_;
};

}  // namespace cleave::detail
