// A pin on an arena: bytes that a device may use while commits are made.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>

#include <cleave/detail/config.h>
#include <cleave/pin.h>
#include <cleave/units.h>

namespace cleave {

namespace detail {
class ArenaState;
}

/// The pages of an arena never move, so owner and device always see the same bytes. What a pin
/// adds: writes of a device are seen by no tracking, so pages pinned for writing count as changed
/// at every commit, and once more after the release; and no checkout changes them under the device.
///
/// Movable. Any thread may hold and release it; it may outlive its arena, and keeps the memory
/// alive. Moved-from or released, it has no pieces.
class [[nodiscard]] CLEAVE_API ArenaPin {
 public:
  /// Takes over what `other` is.
  ArenaPin(ArenaPin&& other) noexcept;
  /// Releases what was pinned here.
  ArenaPin& operator=(ArenaPin&& other) noexcept;
  ~ArenaPin() { release(); }

  /// The pinned bytes: one piece. Not at the address that the program knows: a second mapping of
  /// the same memory that is never protected, so that no system call meets EFAULT there.
  [[nodiscard]] std::span<const iovec> pieces() const noexcept {
    return {&piece_, piece_.iov_len == 0 ? std::size_t{0} : std::size_t{1}};
  }
  /// The same as a span.
  [[nodiscard]] std::span<std::byte> memory() const noexcept {
    return {static_cast<std::byte*>(piece_.iov_base), piece_.iov_len};
  }
  /// Bytes pinned.
  [[nodiscard]] ByteCount size() const noexcept { return piece_.iov_len; }

  /// Lets go now; again: nothing. The device must have finished.
  void release() noexcept;

 private:
  friend class detail::ArenaState;
  CLEAVE_HIDDEN ArenaPin(std::shared_ptr<detail::ArenaState> arena, std::span<std::byte> bytes,
                         PinAccess access, PinTerm term) noexcept;

  std::shared_ptr<detail::ArenaState> arena_;
  iovec piece_;
  PinAccess access_;
  PinTerm term_;
};

}  // namespace cleave
