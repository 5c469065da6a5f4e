#include "lab/report/table.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/litmus/vocabulary.h"
#include "lab/portable/ranges.h"
#include "lab/words/counted.h"

namespace lab::report {
namespace {

using litmus::Verdict;
using words::counted;

char letter(Verdict verdict) {
  switch (verdict) {
    case Verdict::never:
      return '.';
    case Verdict::sometimes:
      return 'x';
    case Verdict::always:
      return 'X';
    case Verdict::hang:
      return 'H';
    case Verdict::broken:
      return 'B';
    case Verdict::none:
      break;
  }
  return '-';
}

std::string coloured(const judge::Judgement& judgement, std::string_view text, const Style& style) {
  if (judgement.standing == judge::Standing::deviates) return style.bad(text);
  if (judgement.verdict == Verdict::never) return style.faint(text);
  return std::string(text);
}

// Where a judgement stands in the table.
std::string column_of(const judge::Judgement& judgement) {
  if (judgement.memory == explore::Memory::sc) return judgement.variant.text;
  return fmt::format("{} {}", judgement.variant.text, explore::name(judgement.memory));
}

const std::string& name_of(const judge::TestFiles& tests, const litmus::Test* test) {
  const auto found = ranges::find_if(tests, [&](const auto& file) { return &file->test == test; });
  return (*found)->name;
}

struct Grid {
  std::vector<std::string> columns;
  std::map<std::pair<const litmus::Test*, std::string>, const judge::Judgement*> cells;
};

Grid grid_of(const judge::TestFiles& tests, const std::vector<judge::Judgement>& judgements) {
  Grid grid;
  for (const judge::Judgement& judgement : judgements) {
    const std::string column = column_of(judgement);
    grid.cells[{judgement.test, column}] = &judgement;
    // What only some tests name would make a wide and empty table.
    const bool everywhere = tests.size() == 1 || judgement.base_case;
    if (everywhere && ranges::find(grid.columns, column) == grid.columns.end())
      grid.columns.push_back(column);
  }
  return grid;
}

std::string padded(std::string_view text, std::size_t width) {
  return fmt::format("{:<{}}", text, width);
}

std::size_t width_of(const std::string& column) { return std::max<std::size_t>(column.size(), 2); }

// As many of the columns as fit; at least one.
std::size_t fitting(const std::vector<std::string>& columns, std::size_t first, std::size_t space) {
  std::size_t used = 0;
  std::size_t count = 0;
  for (std::size_t i = first; i < columns.size(); ++i, ++count) {
    used += 1 + width_of(columns[i]);
    if (used > space && count > 0) break;
  }
  return count;
}

// A name shortened in its middle, where it is too long.
std::string shortened(const std::string& name, std::size_t width) {
  if (name.size() <= width) return name;
  const std::size_t tail = (width - 2) / 2;
  return name.substr(0, width - 2 - tail) + ".." + name.substr(name.size() - tail);
}

std::string trimmed(std::string line) {
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line + '\n';
}

std::string standing_text(const judge::Judgement& judgement) {
  switch (judgement.standing) {
    case judge::Standing::expected:
      return judgement.expected.verdicts.empty() ? "asked" : "as expected";
    case judge::Standing::open:
      return fmt::format("expected {}, open", judgement.expected.text());
    case judge::Standing::deviates:
      break;
  }
  if (!judgement.unreached.empty())
    return fmt::format("NOT reached: {}", fmt::join(judgement.unreached, ", "));
  return fmt::format("NOT as expected: {}", judgement.expected.text());
}

}  // namespace

std::string mark(const judge::Judgement& judgement) {
  std::string text(1, letter(judgement.verdict));
  if (judgement.standing == judge::Standing::deviates)
    text += '!';
  else if (!judgement.exhaustive())
    text += '?';
  return text;
}

std::string legend() {
  return "  . never   x sometimes   X always   H hangs   B broken   - not run   ! not as expected  "
         " "
         "? so far\n";
}

std::string table(const judge::TestFiles& tests, const std::vector<judge::Judgement>& judgements,
                  const Style& style) {
  const Grid grid = grid_of(tests, judgements);
  std::size_t names = 4;
  for (const auto& file : tests) names = std::max(names, file->name.size());
  names = std::clamp<std::size_t>(names, 4, std::max<std::size_t>(12, style.width / 2));
  std::string text;
  for (std::size_t first = 0; first < grid.columns.size();) {
    const std::size_t space = style.width > names ? style.width - names : 0;
    const std::size_t count = fitting(grid.columns, first, space);
    std::string head = padded("", names);
    for (std::size_t i = first; i < first + count; ++i)
      head += ' ' + padded(grid.columns[i], width_of(grid.columns[i]));
    text += style.strong(trimmed(head));
    for (const auto& file : tests) {
      std::string row = padded(shortened(file->name, names), names);
      for (std::size_t i = first; i < first + count; ++i) {
        const auto cell = grid.cells.find({&file->test, grid.columns[i]});
        const std::size_t width = width_of(grid.columns[i]);
        const bool there = cell != grid.cells.end();
        row += ' ' + (there ? coloured(*cell->second, padded(mark(*cell->second), width), style)
                            : padded("-", width));
      }
      text += trimmed(row);
    }
    first += count;
    if (first < grid.columns.size()) text += '\n';
  }
  return text + legend();
}

std::string lines(const judge::TestFiles& tests, const std::vector<judge::Judgement>& judgements,
                  const Style& style) {
  std::size_t names = 0;
  std::size_t columns = 0;
  for (const judge::Judgement& judgement : judgements) {
    names = std::max(names, name_of(tests, judgement.test).size());
    columns = std::max(columns, column_of(judgement).size());
  }
  std::string text;
  for (const judge::Judgement& judgement : judgements) {
    const std::string seen(litmus::name(judgement.verdict));
    text +=
        trimmed(fmt::format("{}  {}  {} {}  {}", padded(name_of(tests, judgement.test), names),
                            padded(column_of(judgement), columns), padded(seen, 9),
                            coloured(judgement, padded(standing_text(judgement), 11), style),
                            fmt::format("{}, {}, {}, {:.3f} s", counted(judgement.traces, "run"),
                                        counted(judgement.steps, "step"), judgement.coverage.text(),
                                        judgement.seconds)));
  }
  return text;
}

std::string deviations(const judge::TestFiles& tests,
                       const std::vector<judge::Judgement>& judgements, const Style& style) {
  std::string text;
  for (const auto& file : tests) {
    // Rule-sets of which the same is to be said share a line.
    std::vector<std::pair<std::string, std::vector<const judge::Judgement*>>> said;
    for (const judge::Judgement& judgement : judgements) {
      if (judgement.test != &file->test || judgement.standing != judge::Standing::deviates)
        continue;
      std::string what =
          fmt::format("{}, {}\n", litmus::name(judgement.verdict), standing_text(judgement));
      for (const explore::Failure& failure : judgement.failures)
        what += fmt::format("    {}: {}\n", explore::name(failure.kind), failure.what);
      if (said.empty() || said.back().first != what) said.push_back({what, {}});
      said.back().second.push_back(&judgement);
    }
    for (const auto& [what, by] : said) {
      std::vector<std::string> columns;
      for (const judge::Judgement* judgement : by) columns.push_back(column_of(*judgement));
      text +=
          fmt::format("{} {}  {}: {}", style.bad("!"), file->name, fmt::join(columns, " "), what);
      text += fmt::format("    cleave litmus {} --rules {}", file->said, by.front()->variant.text);
      if (by.front()->memory != explore::Memory::sc)
        text += fmt::format(" --memory {}", explore::name(by.front()->memory));
      text += '\n';
    }
  }
  return text;
}

std::string summary(const judge::TestFiles& tests, const std::vector<judge::Judgement>& judgements,
                    double seconds) {
  const auto count = [&](auto is) { return ranges::count_if(judgements, is); };
  const auto deviating = count(
      [](const judge::Judgement& each) { return each.standing == judge::Standing::deviates; });
  const auto open =
      count([](const judge::Judgement& each) { return each.standing == judge::Standing::open; });
  const auto partial = count([](const judge::Judgement& each) { return !each.exhaustive(); });
  std::string text =
      counted(tests.size(), "test") + ", " + counted(judgements.size(), "judgement") + ": ";
  text += deviating == 0 && open == 0 ? "all as expected"
                                      : fmt::format("{} not as expected", deviating);
  if (open > 0) text += fmt::format(", {} open", open);
  text += partial == 0 ? "; all searches exhaustive"
                       : fmt::format("; {} not searched exhaustively", partial);
  return text + fmt::format("; {:.1f} s\n", seconds);
}

}  // namespace lab::report
