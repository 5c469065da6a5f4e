// The table's shape, fixed at compile time: production has 16-entry nodes (why: decision 0002), an
// explored engine has two-entry ones.
#pragma once

#include <cstdint>

#include <cleave/units.h>

#ifndef CLEAVE_NODE_BITS
#define CLEAVE_NODE_BITS 4
#endif

namespace cleave::detail {

inline constexpr unsigned kNodeBits = CLEAVE_NODE_BITS;
inline constexpr unsigned kFanout = 1u << kNodeBits;
/// Levels that cover the largest space. A table has only as many as its highest page needs.
inline constexpr unsigned kMostLevels = (kAddressBits - kPageBits + kNodeBits - 1) / kNodeBits;

/// Every page that any table can name.
inline constexpr PageRange kAllPages{PageNo{0}, PageNo{~std::uint64_t{0}}};

/// Which entry of a node at `level` leads to `page`. Level 0 is the lowest: its entries are frames.
constexpr unsigned entry_index(PageNo page, unsigned level) {
  return static_cast<unsigned>(raw(page) >> (kNodeBits * level)) & (kFanout - 1);
}

/// Pages below one entry of a node at `level`.
constexpr std::uint64_t pages_per_entry(unsigned level) {
  return std::uint64_t{1} << (kNodeBits * level);
}

/// Whether a table whose top node is at `level` has a place for `page`.
constexpr bool covers(unsigned level, PageNo page) {
  const unsigned bits = kNodeBits * (level + 1);
  return bits >= 64 || raw(page) >> bits == 0;
}

}  // namespace cleave::detail
