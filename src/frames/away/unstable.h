// What is read of a page that a thread may be writing to, from where sync::unstable_page() says: it
// counts only if it turns out that none was.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <cleave/detail/word.h>
#include <cleave/units.h>

namespace cleave::detail {

/// Equal pages have equal checksums. Others almost never do, unless they were made to: whoever acts
/// on it compares the bytes. Cost: 0.1 us, and the page's way from memory.
inline std::uint64_t checksum_of_unstable(const std::byte* page) noexcept {
  constexpr std::uint64_t kOdd = 0x9e37'79b9'7f4a'7c15;  // of the golden ratio
  constexpr std::size_t kTurns = 8;
  std::array<std::uint64_t, 4> lanes{1, 2, 3, 4};  // side by side: each waits for itself alone
  for (std::size_t at = 0; at < kPageSize; at += kTurns * sizeof lanes) {
#pragma GCC unroll 32
    for (std::size_t i = 0; i < kTurns * lanes.size(); ++i) {
      std::uint64_t& lane = lanes[i % lanes.size()];
      lane = std::rotl(lane, 29) + sync::load_unstable_word(page + at + i * sizeof lane);
    }
    // Turned alone, a word would count as much as the one that comes 64 turns later.
    for (std::uint64_t& lane : lanes) lane *= kOdd;
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t lane : lanes) sum = std::rotl(sum ^ lane, 29) * kOdd;
  return sum ^ sum >> 32;
}

/// Whether `bits_of(offset)` is 0 for each word of a page, by its offset there.
template <class BitsOf>
bool is_zero_throughout(BitsOf bits_of) noexcept {
  constexpr std::size_t kLine = 64;
  for (std::size_t at = 0; at < kPageSize; at += kLine) {
    std::uint64_t bits = 0;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kLine; i += sizeof bits) bits |= bits_of(at + i);
    if (bits != 0) return false;
  }
  return true;
}

inline bool is_zero_unstable(const std::byte* page) noexcept {
  return is_zero_throughout([&](std::size_t at) { return sync::load_unstable_word(page + at); });
}

inline bool is_the_same_unstable(const std::byte* page, const std::byte* other) noexcept {
  return is_zero_throughout([&](std::size_t at) {
    return sync::load_unstable_word(page + at) ^ sync::load_unstable_word(other + at);
  });
}

}  // namespace cleave::detail
