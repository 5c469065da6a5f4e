// How many of a thing there are, as a person says it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lab::words {

/// 1 run, 2 runs. `one`: a noun whose plural ends in -s.
inline std::string counted(std::uint64_t n, std::string_view one) {
  std::string text = std::to_string(n);
  text += ' ';
  text += one;
  if (n != 1) text += 's';
  return text;
}

}  // namespace lab::words
