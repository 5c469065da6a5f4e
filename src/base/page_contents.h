// What a page holds, beside what it held.
#pragma once

#include <cstddef>
#include <cstring>

#include <cleave/units.h>

namespace cleave::detail {

inline bool is_zero(const std::byte* page) noexcept {
  return page[0] == std::byte{0} && std::memcmp(page, page + 1, kPageSize - 1) == 0;
}

/// Whether two pages hold the same bytes.
inline bool is_the_same(const std::byte* page, const std::byte* then) noexcept {
  return std::memcmp(page, then, kPageSize) == 0;
}

}  // namespace cleave::detail
