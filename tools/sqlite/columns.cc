#include "tools/sqlite/columns.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace cleave::shell {
namespace {

using sqlite::Statement;

constexpr std::size_t kRowsMeasured = 1000;

struct Cell {
  std::string text;
  bool is_number = false;
};

// In characters of UTF-8, where each is taken to be one wide.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// What a terminal would take for a command to itself, as an escape.
std::string printable(std::string_view text) {
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      shown += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      shown += fmt::format("\\x{:02x}", byte);
    } else {
      shown += c;
    }
  }
  return shown;
}

std::string as_blob(std::string_view bytes) {
  std::string text = "x'";
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text + '\'';
}

void shorten(std::string& text, std::size_t widest) {
  if (widest == 0 || width(text) <= widest) return;
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0) != 0x80 && ++seen > widest - 3) break;
  }
  text.resize(end);
  text += "...";
}

Cell cell(const Statement& row, int column, std::size_t widest) {
  const int type = row.type(column);
  Cell cell;
  cell.is_number = type == SQLITE_INTEGER || type == SQLITE_FLOAT;
  if (type == SQLITE_NULL) {
    cell.text = "NULL";
  } else {
    cell.text = type == SQLITE_BLOB ? as_blob(row.blob(column)) : printable(row.text(column));
  }
  shorten(cell.text, widest);
  return cell;
}

using Row = std::vector<Cell>;

Row read(const Statement& statement, std::size_t widest) {
  Row row;
  for (int column = 0; column < statement.columns(); ++column) {
    row.push_back(cell(statement, column, widest));
  }
  return row;
}

void print(const Row& row, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::size_t wide = width(row[i].text);
    const std::string gap(widths[i] > wide ? widths[i] - wide : 0, ' ');
    line += (i == 0 ? "" : "  ") + (row[i].is_number ? gap + row[i].text : row[i].text + gap);
  }
  line.resize(line.find_last_not_of(' ') + 1);
  fmt::print("{}\n", line);
}

// The heading, and the rows that the widths were taken from.
std::vector<std::size_t> print_first(const Statement& statement, const std::vector<Row>& rows) {
  Row heading, rule;
  std::vector<std::size_t> widths;
  for (int column = 0; column < statement.columns(); ++column) {
    const auto i = static_cast<std::size_t>(column);
    const bool numbers = std::ranges::all_of(
        rows, [&](const Row& row) { return row[i].is_number || row[i].text == "NULL"; });
    heading.push_back({printable(statement.column_name(column)), numbers});
    std::size_t widest = width(heading.back().text);
    for (const Row& row : rows) widest = std::max(widest, width(row[i].text));
    widths.push_back(widest);
    rule.push_back({std::string(widest, '-')});
  }
  print(heading, widths);
  print(rule, widths);
  for (const Row& row : rows) print(row, widths);
  return widths;
}

}  // namespace

void print_rows(Statement& statement, std::size_t widest) {
  std::vector<Row> first;
  bool more = true;
  const auto print_what_came = [&] {
    return first.empty() ? std::vector<std::size_t>() : print_first(statement, first);
  };
  try {
    while ((more = statement.step()) && statement.columns() > 0) {
      first.push_back(read(statement, widest));
      if (first.size() == kRowsMeasured) break;
    }
  } catch (...) {
    (void)print_what_came();
    throw;
  }
  const std::vector<std::size_t> widths = print_what_came();
  while (more && statement.step()) print(read(statement, widest), widths);
}

}  // namespace cleave::shell
