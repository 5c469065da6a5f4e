// Numbers as text.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cleave::program {

/// In a place of its own: nothing is allocated.
struct Digits {
  std::array<char, 16> digits;
  std::size_t count;
  [[nodiscard]] std::string_view text() const { return {digits.data(), count}; }
};

inline Digits hexadecimal_digits(std::uint64_t number) {
  Digits made{};
  const char* end =
      std::to_chars(made.digits.data(), made.digits.data() + made.digits.size(), number, 16).ptr;
  made.count = static_cast<std::size_t>(end - made.digits.data());
  return made;
}

inline std::string hexadecimal(std::uint64_t number) {
  return std::string(hexadecimal_digits(number).text());
}

}  // namespace cleave::program
