// Misuse of a heap that its next operation would turn into damage: the program stops here.
#pragma once

#include <cstdint>

namespace cleave::detail {

enum class BadFree : std::uint8_t {
  twice,     ///< the block is free already
  no_start,  ///< inside the range, but not where a block starts that is allocated
  foreign,   ///< outside of the heap's range
};

/// Prints the address and what is wrong with it, then aborts.
[[noreturn]] void stop_bad_free(const void* block, BadFree why) noexcept;

}  // namespace cleave::detail
