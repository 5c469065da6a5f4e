// Whether two pages are worth comparing.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <cleave/units.h>

namespace cleave::detail {

/// Equal pages have equal checksums. Others almost never do, unless they were made to: whoever acts
/// on it compares the bytes. Cost: some 0.2 us, and the page's way from memory.
inline std::uint64_t checksum_of(const std::byte* page) noexcept {
  constexpr std::uint64_t kOdd = 0x9e37'79b9'7f4a'7c15;  // of the golden ratio
  std::array<std::uint64_t, 4> lanes{1, 2, 3, 4};        // side by side: a product is waited for
  for (std::size_t at = 0; at < kPageSize; at += sizeof lanes) {
    std::array<std::uint64_t, 4> words;
    std::memcpy(words.data(), page + at, sizeof words);
    for (std::size_t i = 0; i < lanes.size(); ++i)
      lanes[i] = std::rotl(lanes[i] ^ words[i], 29) * kOdd;
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t lane : lanes) sum = std::rotl(sum ^ lane, 29) * kOdd;
  return sum ^ sum >> 32;
}

}  // namespace cleave::detail
