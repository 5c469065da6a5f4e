// The bytes of a page that is put: its owner may be writing to them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <cleave/detail/word.h>
#include <cleave/units.h>

namespace cleave::detail::backing {

/// Reads the page once, word by word. What its owner writes meanwhile may be there or not, a word
/// of it at least as a whole: whoever put it throws it away then. All that follows, checksum and
/// compression among it, looks at the copy.
inline void copy_page_once(std::byte* to, const std::byte* from) noexcept {
  for (std::size_t at = 0; at < kPageSize; at += sizeof(std::uint64_t)) {
    const auto word = sync::load_word<std::uint64_t>(from + at);
    std::memcpy(to + at, &word, sizeof word);
  }
}

/// XXH3 of 64 bits.
std::uint64_t checksum(const std::byte* page) noexcept;

}  // namespace cleave::detail::backing
