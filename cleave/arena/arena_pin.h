// A pin on an arena: bytes that a device may use while commits are made.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>

#include "cleave/frames/frame_state.h"

namespace cleave {

class ArenaState;

/// The pages of an arena never move, so owner and device always see the same bytes. What a pin adds: writes of a
/// device are seen by no tracking, so pages pinned for writing count as changed at every commit, and once
/// more after the release; and no checkout changes them under the device.
///
/// Movable. Any thread may hold and release it; it may outlive its arena, and keeps the memory alive.
class [[nodiscard]] ArenaPin {
 public:
  ArenaPin(ArenaPin&& other) noexcept;
  ArenaPin& operator=(ArenaPin&& other) noexcept;
  ~ArenaPin() { release(); }

  /// The pinned bytes, in one piece. Not at the address that the program knows: a second mapping of the same
  /// memory that is never protected, so that no system call meets EFAULT there.
  [[nodiscard]] std::span<std::byte> bytes() const { return bytes_; }
  [[nodiscard]] iovec piece() const { return {bytes_.data(), bytes_.size()}; }

  /// Lets go now. The device must have finished.
  void release() noexcept;

 private:
  friend class ArenaState;
  ArenaPin(std::shared_ptr<ArenaState> arena, std::span<std::byte> bytes, PinAccess access);

  std::shared_ptr<ArenaState> arena_;
  std::span<std::byte> bytes_;
  PinAccess access_;
};

}  // namespace cleave
