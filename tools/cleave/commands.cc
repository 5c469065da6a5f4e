#include "tools/cleave/commands.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace cleave::command {
namespace {

// How many letters to put in, leave out or change (Levenshtein's distance).
std::size_t edits_between(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t k = 1; k <= to.size(); ++k) {
      const std::size_t changed = diagonal + (from[i - 1] == to[k - 1] ? 0 : 1);
      diagonal = std::exchange(row[k], std::min({row[k] + 1, row[k - 1] + 1, changed}));
    }
  }
  return row.back();
}

}  // namespace

const Command* command_named(std::string_view name) {
  const auto* found =
      std::ranges::find(kCommands, name, [](const Command& c) { return std::string_view(c.name); });
  return found == kCommands.end() ? nullptr : found;
}

const Command* nearest(std::string_view name) {
  const auto edits = [&](const Command& command) { return edits_between(name, command.name); };
  const auto* best = std::ranges::min_element(kCommands, {}, edits);
  return edits(*best) <= std::max<std::size_t>(1, name.size() / 3) ? best : nullptr;
}

std::string all_names() {
  std::string all;
  for (const Command& command : kCommands) all += std::string(" ") + command.name;
  return all;
}

}  // namespace cleave::command
