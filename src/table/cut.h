// How a range of pages lies to those below an entry of a node.
#pragma once

#include <cstdint>

#include <cleave/units.h>

namespace cleave::detail {

/// Whether `range` takes none of the `pages` pages from `first` on.
constexpr bool misses(PageRange range, PageNo first, std::uint64_t pages) {
  return first >= range.end || first + pages <= range.first;
}

/// Whether `range` takes only a part of them.
constexpr bool cuts(PageRange range, PageNo first, std::uint64_t pages) {
  const PageNo end = first + pages;
  return (range.first > first && range.first < end) || (range.end > first && range.end < end);
}

}  // namespace cleave::detail
