// Where this library itself lies in memory.
#pragma once

#include <cstdint>

namespace cleave::program {

/// From its first byte to the end of its variables.
struct OwnImage {
  std::uintptr_t first;
  std::uintptr_t end;
};
OwnImage own_image() noexcept;

}  // namespace cleave::program
