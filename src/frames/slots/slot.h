// A page of the pool's memory.
#pragma once

#include <cstdint>

#include <cleave/units.h>

namespace cleave::detail {

/// In a pool without a backing, frame n lies in slot n for good. With one, a frame has a slot while
/// its bytes are in memory. Slot 0 is the zero frame's.
enum class Slot : std::uint32_t {};
constexpr std::uint32_t raw(Slot slot) { return static_cast<std::uint32_t>(slot); }
inline constexpr Slot kZeroSlot{0};

}  // namespace cleave::detail
