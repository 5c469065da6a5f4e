// How text looks where it is shown.
#pragma once

#include <string>
#include <string_view>

namespace lab::report {

struct Style {
  bool colour = false;
  std::size_t width = 100;  ///< columns that lines should keep to

  [[nodiscard]] std::string bad(std::string_view text) const { return in("1;31", text); }
  [[nodiscard]] std::string good(std::string_view text) const { return in("32", text); }
  [[nodiscard]] std::string faint(std::string_view text) const { return in("2", text); }
  [[nodiscard]] std::string strong(std::string_view text) const { return in("1", text); }

 private:
  [[nodiscard]] std::string in(std::string_view code, std::string_view text) const {
    if (!colour) return std::string(text);
    return "\x1b[" + std::string(code) + 'm' + std::string(text) + "\x1b[0m";
  }
};

/// How `file` (a FILE's descriptor) shows things: in colour on a terminal, unless NO_COLOR is set,
/// and as wide as it is.
Style style_of(int file);

}  // namespace lab::report
