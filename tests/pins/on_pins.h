// A test with a pool, spaces and pins, of which none may be left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include <cleave/hold.h>
#include <cleave/must.h>
#include <cleave/pin.h>

#include "base/handle_access.h"
#include "frames/frames.h"
#include "tests/space/on_a_space.h"

namespace cleave::detail {

inline constexpr PinAccess kReading = PinAccess::read;
inline constexpr PinAccess kWriting = PinAccess::write;

inline std::span<std::byte> bytes_of(const iovec& piece) {
  return {static_cast<std::byte*>(piece.iov_base), piece.iov_len};
}

/// What a device would see through the pin.
inline Bytes seen_through(const Pin& pin) {
  Bytes all;
  for (const iovec& piece : pin.pieces()) {
    all.insert(all.end(), bytes_of(piece).begin(), bytes_of(piece).end());
  }
  return all;
}

/// What a device would do that writes `bytes`, as many as are pinned.
inline void write_through(const Pin& pin, const Bytes& bytes) {
  std::size_t done = 0;
  for (const iovec& piece : pin.pieces()) {
    std::memcpy(piece.iov_base, bytes.data() + done, piece.iov_len);
    done += piece.iov_len;
  }
}

/// The frames of a pin's pieces, in order.
inline std::vector<FrameId> frames_of(const Pin& pin) {
  std::vector<FrameId> frames;
  for (const iovec& piece : pin.pieces()) {
    const std::uint64_t from = pin.pool_offset(piece).value;
    for (auto at = from >> kPageBits; at <= (from + piece.iov_len - 1) >> kPageBits; ++at) {
      frames.push_back(FrameId{static_cast<std::uint32_t>(at)});
    }
  }
  return frames;
}

/// What the hold shows, and in how many pieces.
inline Bytes seen_through(const Hold& hold) {
  Bytes all;
  const HoldView view = must(hold.view());
  for (const iovec& piece : view.pieces()) {
    all.insert(all.end(), bytes_of(piece).begin(), bytes_of(piece).end());
  }
  return all;
}
inline std::size_t count_pieces(const Hold& hold) { return must(hold.view()).pieces().size(); }

class OnPins : public OnASpace {
 protected:
  using OnASpace::OnASpace;
  void TearDown() override {
    expect_pins(0, 0);
    OnASpace::TearDown();
  }

  void expect_pins(std::uint64_t of_one_operation, std::uint64_t lasting) const {
    EXPECT_EQ(pool.statistics().short_pins, of_one_operation);
    EXPECT_EQ(pool.statistics().long_pins, lasting);
  }
  [[nodiscard]] std::uint64_t nodes() const { return pool.statistics().nodes; }
  [[nodiscard]] FrameState& state(FrameId frame) const {
    return HandleAccess::state(pool).state(frame);
  }
  [[nodiscard]] FrameState& state(const Pin& pin) const { return state(frames_of(pin).at(0)); }

  /// A space of `count` pages from page 16 on, each filled with bytes of its own.
  [[nodiscard]] Space written_space(std::uint64_t count) const {
    Space space = new_space(count);
    must(space.write(at_page(16), patterned(count * kPageSize, 1)));
    return space;
  }
};

}  // namespace cleave::detail
