#include "tools/sqlite/shell.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "adapters/sqlite/contents/digest.h"
#include "adapters/sqlite/database_file.h"
#include "tools/console/figures.h"
#include "tools/sqlite/columns.h"
#include "tools/sqlite/images.h"

namespace cleave::shell {
namespace {

using console::count;
using sqlite::DatabaseError;

constexpr const char* kStart = "start";
// What a terminal shows of a value. A script gets all of it.
constexpr std::size_t kWidest = 60;
// In a line: as many as there are.
constexpr std::size_t kMostWords = ~std::size_t{0};

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string pages(std::uint64_t n) { return count(n, "page", "pages"); }

}  // namespace

const std::vector<Shell::Command>& Shell::commands() {
  static const std::vector<Command> all{
      {".commit", "NAME", "remember the present state, open transaction and all", 1, 1,
       &Shell::commit},
      {".checkout", "NAME", "go to a commit; refused while there are changes", 1, 1,
       &Shell::checkout},
      {".revert", "", "give up what changed since the commit one stands at", 0, 0, &Shell::revert},
      {".branches", "", "show all commits as a tree", 0, 0, &Shell::branches},
      {".forget", "NAME", "let go of a commit; those made from it stay", 1, 1, &Shell::forget},
      {".diff", "[A [B]]", "count rows that differ: between A and B, or up to what is here now", 0,
       2, &Shell::diff},
      {".save", "FILE", "write the present state to a new SQLite file", 1, 1, &Shell::save},
      {".push", "REPOSITORY REF [TEXT]",
       "make the present state the commit that a ref of a repository of images names", 2,
       kMostWords, &Shell::push},
      {".pull", "REPOSITORY REF [NAME]",
       "become what a ref of one names, and commit it; refused while there are changes", 2, 3,
       &Shell::pull},
      {".tables", "", "name the tables and views", 0, 0, &Shell::tables},
      {".schema", "[TABLE]", "show the SQL that made them", 0, 1, &Shell::schema},
      {".help", "", "show this", 0, 0, &Shell::help},
      {".quit", "", "leave", 0, 0, &Shell::quit},
  };
  return all;
}

Shell::Shell(sqlite::BranchableDatabase& database, Lines& lines)
    : database_(database), lines_(lines), at_head_(version()) {
  (void)database_.commit(kStart);
  times_[kStart] = std::time(nullptr);
}

bool Shell::run(bool bail) {
  bool good = true;
  const auto attempt = [&](auto&& work) {
    try {
      work();
    } catch (const DatabaseError& error) {
      (void)std::fflush(stdout);
      const std::string where =
          lines_.from_terminal() ? std::string() : fmt::format("line {}: ", lines_.count());
      fmt::print(stderr, "{}{}\n", where, error.what());
      statement_.clear();
      good = false;
    }
    (void)std::fflush(stdout);
  };
  while (!done_ && (good || !bail)) {
    const auto line = lines_.next(prompt());
    if (!line) break;
    attempt([&] { take(*line); });
  }
  if (!trimmed(statement_).empty() && (good || !bail)) {
    attempt([&] {
      throw DatabaseError("the last statement has no end: a semicolon is missing, or a quote");
    });
  }
  return good;
}

void Shell::take(const std::string& line) {
  if (lines_.interrupted()) return statement_.clear();
  if (statement_.empty() && trimmed(line).starts_with('.')) return run_command(trimmed(line));
  if (statement_.empty() && trimmed(line).empty()) return;
  statement_ += line + '\n';
  if (sqlite3_complete(statement_.c_str()) != 0) run_sql();
}

void Shell::run_sql() {
  const std::string text = std::move(statement_);
  statement_.clear();
  std::string_view rest = text;
  while (auto statement = database_.connection().prepare_next(rest)) {
    print_rows(*statement, lines_.from_terminal() ? kWidest : 0);
  }
}

void Shell::run_command(const std::string& line) {
  std::istringstream in(line);
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  const std::string name = words.front();
  words.erase(words.begin());
  const auto found = std::ranges::find(commands(), name, &Command::name);
  if (found == commands().end()) {
    throw DatabaseError(fmt::format("there is no command {}; .help lists them", name));
  }
  if (words.size() < found->fewest || words.size() > found->most) {
    throw DatabaseError(fmt::format("usage: {} {}", found->name, found->arguments));
  }
  (this->*found->run)(words);
}

Shell::Version Shell::version() {
  sqlite::Connection& connection = database_.connection();
  return {connection.total_changes(), connection.integer("PRAGMA schema_version"),
          connection.in_transaction()};
}

Commit Shell::commit_named(const std::string& name) const {
  auto commit = database_.find(name);
  if (!commit)
    throw DatabaseError(fmt::format("there is no commit {}; .branches shows them", name));
  return *commit;
}

std::string Shell::prompt() const {
  return statement_.empty() ? fmt::format("{}> ", database_.head().name()) : "   ...> ";
}

void Shell::check_is_new(const std::string& name) const {
  if (database_.find(name)) {
    throw DatabaseError(
        fmt::format("there is a commit {} already; take another name, or .forget it first", name));
  }
}

void Shell::check_no_changes() {
  if (has_changes()) {
    throw DatabaseError(
        "there are changes that no commit holds: .commit NAME keeps them, .revert gives them up");
  }
}

void Shell::check_no_transaction() {
  if (database_.connection().in_transaction()) {
    throw DatabaseError("a transaction is open; COMMIT or ROLLBACK it first");
  }
}

void Shell::commit(const Words& words) {
  check_is_new(words[0]);
  const Commit made = database_.commit(words[0]);
  times_[words[0]] = std::time(nullptr);
  at_head_ = version();
  fmt::print("{}: {}\n", words[0], pages(made.pages()));
}

void Shell::checkout(const Words& words) {
  const Commit commit = commit_named(words[0]);
  check_no_changes();
  const std::uint64_t differ = database_.differing_pages(database_.head(), commit);
  database_.checkout(commit);
  at_head_ = version();
  fmt::print("{}: {} differed\n", words[0], pages(differ));
}

void Shell::revert(const Words&) {
  database_.revert();
  at_head_ = version();
  fmt::print("{}, as it was committed\n", database_.head().name());
}

void Shell::branches(const Words&) {
  // Depth among what is shown: the arena's first commit and those without names are not.
  std::map<std::uint64_t, std::size_t> depths;
  const auto shown = database_.arena().for_each_commit([&](const Commit& commit, unsigned) {
    std::size_t depth = 0;
    if (const auto parent = commit.parent()) depth = depths[parent->number()];
    if (!commit.name().empty()) {
      const bool here = commit == database_.head();
      const std::string name(commit.name());
      fmt::print("{:<32}{:>14}  {:%H:%M:%S}{}\n", std::string(2 * depth, ' ') + name,
                 pages(commit.pages()), fmt::localtime(times_[name]),
                 !here           ? ""
                 : has_changes() ? "  <- here, with changes"
                                 : "  <- here");
      ++depth;
    }
    depths[commit.number()] = depth;
  });
  if (!shown) throw DatabaseError(shown.error().message());
}

void Shell::forget(const Words& words) {
  if (commit_named(words[0]) == database_.head()) {
    throw DatabaseError("it is checked out; check out another commit first");
  }
  (void)database_.forget(words[0]);
  times_.erase(words[0]);
}

sqlite::RowHashes Shell::rows_at(const std::string& name) {
  sqlite::RowHashes rows;
  database_.look_at(commit_named(name), [&] { rows = sqlite::row_hashes(database_.connection()); });
  return rows;
}

void Shell::diff(const Words& words) {
  const sqlite::RowHashes first =
      rows_at(words.empty() ? std::string(database_.head().name()) : words[0]);
  const sqlite::RowHashes second =
      words.size() == 2 ? rows_at(words[1]) : sqlite::row_hashes(database_.connection());
  const auto diffs = sqlite::row_diff(first, second);
  if (diffs.empty()) fmt::print("no row differs\n");
  for (const sqlite::TableDiff& diff : diffs) {
    fmt::print("{}: {} added, {} removed, {} changed{}\n", diff.table, count(diff.added),
               count(diff.removed), count(diff.changed),
               diff.appeared      ? "; the table is new"
               : diff.disappeared ? "; the table is gone"
               : diff.redefined   ? "; its columns changed"
                                  : "");
  }
}

void Shell::save(const Words& words) {
  check_no_transaction();
  std::error_code ignored;
  if (std::filesystem::exists(words[0], ignored)) {
    throw DatabaseError(words[0] + " is there already; take another name, or remove it");
  }
  if (const auto why = sqlite::why_not_created(words[0])) {
    throw DatabaseError(
        fmt::format("{}: {}; name a file in a folder that you may write to", words[0], *why));
  }
  sqlite::Connection file(words[0], SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  file.copy_from(database_.connection());
}

void Shell::push(const Words& words) {
  check_no_transaction();
  std::string message;
  for (std::size_t i = 2; i < words.size(); ++i) message += (i == 2 ? "" : " ") + words[i];
  fmt::print("{}", shell::push(database_.connection(), words[0], words[1], message));
}

// What SQLite counts does not tell that it has become another database: so that is committed.
void Shell::pull(const Words& words) {
  const std::string& name = words.size() == 3 ? words[2] : words[1];
  check_is_new(name);
  check_no_changes();
  check_no_transaction();
  shell::pull(database_.connection(), words[0], words[1]);
  commit({name});
}

void Shell::tables(const Words&) {
  auto names = database_.connection().prepare(
      "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE "
      "'sqlite\\_%' ESCAPE '\\' ORDER BY name");
  while (names.step()) fmt::print("{}\n", names.text(0));
}

void Shell::schema(const Words& words) {
  auto all = database_.connection().prepare(
      "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND (?1 IS NULL OR tbl_name = ?1 "
      "COLLATE "
      "NOCASE) ORDER BY rowid");
  if (!words.empty()) all.bind(1, words[0]);
  bool any = false;
  for (; all.step(); any = true) fmt::print("{};\n", all.text(0));
  if (!any && !words.empty()) throw DatabaseError("there is no table " + words[0]);
}

std::string Shell::help_text() {
  std::string text;
  for (const Command& command : commands()) {
    text += fmt::format("{:<30}{}\n", fmt::format("{} {}", command.name, command.arguments),
                        command.what);
  }
  return text + "Anything else is SQL, up to a semicolon.\n";
}

void Shell::help(const Words&) { fmt::print("{}", help_text()); }

void Shell::quit(const Words&) { done_ = true; }

}  // namespace cleave::shell
