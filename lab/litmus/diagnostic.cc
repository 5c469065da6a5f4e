#include "lab/litmus/diagnostic.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <fmt/format.h>

namespace lab::litmus {
namespace {

std::string_view line_of(std::string_view text, std::uint32_t number) {
  for (; number > 1; --number) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

// The line as a terminal may show it, cut to a width that it has. `column` moves with what is cut.
std::string shown(std::string_view line, std::uint32_t& column) {
  constexpr std::size_t kWidth = 100;
  if (column > kWidth) {
    const std::size_t cut = column - kWidth / 2;
    line.remove_prefix(std::min(cut, line.size()));
    column -= static_cast<std::uint32_t>(cut);
  }
  std::string result(line.substr(0, kWidth));
  std::replace_if(
      result.begin(), result.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return result;
}

}  // namespace

std::string describe(const Diagnostic& diagnostic, std::string_view path, std::string_view text) {
  std::uint32_t column = diagnostic.at.column;
  const std::string line = shown(line_of(text, diagnostic.at.line), column);
  const std::string number = std::to_string(diagnostic.at.line);
  std::string result = fmt::format("{}:{}:{}: {}\n", path, diagnostic.at.line, diagnostic.at.column,
                                   diagnostic.what);
  result += fmt::format(" {} | {}\n", number, line);
  result += fmt::format(" {:{}} | {:{}}^\n", "", number.size(), "", column > 0 ? column - 1 : 0);
  if (!diagnostic.advice.empty()) result += fmt::format("  {}\n", diagnostic.advice);
  return result;
}

// How many letters have to be added, left out or changed to make one of the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t k = 0; k < b.size(); ++k) {
      const std::size_t changed = diagonal + (a[i] == b[k] ? 0 : 1);
      diagonal = row[k + 1];
      row[k + 1] = std::min({changed, row[k] + 1, row[k + 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace lab::litmus
