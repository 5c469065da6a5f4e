// Pages as the kernel's bitmaps name them: bit b of word w is page 64 w + b.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "arena/memory/page_set.h"

namespace cleave::detail {

/// The first bit from `bit` on that is set, or with `~0` for `flipped`, that is not; the number of
/// all bits: there is none.
inline std::uint64_t next_bit(std::span<const std::uint64_t> bitmap, std::uint64_t bit,
                              std::uint64_t flipped) noexcept {
  constexpr std::uint64_t kBits = 64;
  for (std::uint64_t i = bit / kBits; i < bitmap.size(); bit = ++i * kBits) {
    const std::uint64_t here = (bitmap[i] ^ flipped) >> (bit % kBits);
    if (here != 0) return bit + static_cast<unsigned>(std::countr_zero(here));
  }
  return bitmap.size() * kBits;
}

/// Calls `visit(PageRun)` for each longest run of bits that are set, in order.
template <class Visit>
void for_each_run_of_bits(std::span<const std::uint64_t> bitmap, Visit visit) {
  const std::uint64_t end = bitmap.size() * 64;
  for (std::uint64_t first = next_bit(bitmap, 0, 0); first < end;) {
    const std::uint64_t after = next_bit(bitmap, first, ~std::uint64_t{0});
    visit(PageRun{first, after});
    first = next_bit(bitmap, after, 0);
  }
}

}  // namespace cleave::detail
