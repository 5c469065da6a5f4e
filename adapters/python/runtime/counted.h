// How many of a thing there are, as a person says it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cleave::python {

/// 1 page, 2 pages. `one`: a noun whose plural ends in -s.
inline std::string counted(std::uint64_t n, std::string_view one) {
  std::string text = std::to_string(n);
  text += ' ';
  text += one;
  if (n != 1) text += 's';
  return text;
}

}  // namespace cleave::python
