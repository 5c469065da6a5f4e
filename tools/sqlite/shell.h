// The SQLite shell's statements and commands.
#pragma once

#include <cstddef>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapters/sqlite/branchable_database.h"
#include "adapters/sqlite/contents/row_diff.h"
#include "tools/sqlite/lines.h"

namespace cleave::shell {

/// Reads lines until they end: SQL, statement by statement, and commands, which begin with a dot.
class Shell {
 public:
  /// Commits what `database` holds as "start".
  Shell(sqlite::BranchableDatabase& database, Lines& lines);

  /// False: something failed. With `bail` it is the last thing that was tried.
  bool run(bool bail);

  /// A line for each of the shell's commands.
  static std::string help_text();

 private:
  using Words = std::vector<std::string>;
  struct Command {
    const char* name;
    const char* arguments;
    const char* what;
    std::size_t fewest;
    std::size_t most;
    void (Shell::*run)(const Words&);
  };
  static const std::vector<Command>& commands();

  void take(const std::string& line);
  void run_sql();
  void run_command(const std::string& line);

  void commit(const Words& words);
  void checkout(const Words& words);
  void revert(const Words& words);
  void branches(const Words& words);
  void forget(const Words& words);
  void diff(const Words& words);
  void save(const Words& words);
  void push(const Words& words);
  void pull(const Words& words);
  void tables(const Words& words);
  void schema(const Words& words);
  void help(const Words& words);
  void quit(const Words& words);

  /// What tells whether something was changed since the last commit or checkout; reading does not
  /// change it.
  struct Version {
    std::int64_t rows;
    std::int64_t schema;
    bool in_transaction;
    friend bool operator==(const Version&, const Version&) = default;
  };
  [[nodiscard]] Version version();
  [[nodiscard]] bool has_changes() { return version() != at_head_; }
  // Each throws what is in the way.
  void check_is_new(const std::string& name) const;
  void check_no_changes();
  void check_no_transaction();
  [[nodiscard]] Commit commit_named(const std::string& name) const;
  [[nodiscard]] sqlite::RowHashes rows_at(const std::string& name);
  [[nodiscard]] std::string prompt() const;

  sqlite::BranchableDatabase& database_;
  Lines& lines_;
  std::string statement_;  // the lines of one that has not ended yet
  Version at_head_;
  std::map<std::string, std::time_t> times_;  // of the commits, by name
  bool done_ = false;
};

}  // namespace cleave::shell
