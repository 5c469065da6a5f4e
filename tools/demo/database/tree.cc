#include "tools/demo/database/tree.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "measure/clock.h"
#include "tools/console/figures.h"
#include "tools/console/progress.h"
#include "tools/demo/database/edits.h"

namespace cleave::demo::database {
namespace {

using sqlite::BranchableDatabase;
using sqlite::Connection;
using sqlite::DatabaseError;
using sqlite::Digests;

void replay(Connection& fresh, const Tree& tree, std::size_t number, Walk& walk) {
  const Branch& branch = tree[number];
  if (branch.parent != number) replay(fresh, tree, branch.parent, walk);
  for (std::size_t i = 0; i < branch.sql.size(); ++i) {
    const std::string found = outcome(fresh, branch.sql[i]);
    if (found == branch.outcomes[i]) continue;
    walk.differences.push_back(fmt::format("branch {}: '{}' differs: in the arena '{}', fresh '{}'",
                                           number, branch.sql[i], branch.outcomes[i], found));
  }
}

void compare(const Digests& wanted, const Digests& found, std::size_t number, Walk& walk) {
  for (const auto& [table, digest] : wanted) {
    ++walk.tables;
    const auto at = found.find(table);
    if (at != found.end()) walk.rows += at->second.rows;
    if (at != found.end() && at->second == digest) continue;
    walk.differences.push_back(
        fmt::format("branch {}: table {} differs: {}, {:016x} expected", number, table,
                    console::count(digest.rows, "row", "rows"), digest.hash));
  }
  if (found.size() != wanted.size()) {
    walk.differences.push_back(fmt::format("branch {} differs: {}, {} expected", number,
                                           console::count(found.size(), "table", "tables"),
                                           wanted.size()));
  }
}

void check_integrity(Connection& database, std::size_t number, Walk& walk) {
  ++walk.integrity_checks;
  const std::string told = database.text("PRAGMA integrity_check(1)");
  if (told != "ok") walk.differences.push_back(fmt::format("branch {} differs: {}", number, told));
}

// A text that some table holds, long enough to be found in memory by what it says.
std::string some_text(Connection& database) {
  for (const sqlite::Table& table : sqlite::tables(database)) {
    auto rows = database.prepare("SELECT * FROM " + sqlite::as_identifier(table.name));
    while (rows.step()) {
      for (int column = 0; column < rows.columns(); ++column) {
        if (rows.type(column) == SQLITE_TEXT && rows.text(column).size() >= 24) {
          return std::string(rows.text(column).substr(0, 24));
        }
      }
    }
  }
  throw DatabaseError("no table holds a text of 24 characters that could be spoilt");
}

// A check that nothing can fail proves nothing. Everywhere, since a copy may be left where no query
// looks.
void change_a_bit(BranchableDatabase& database) {
  const std::string text = some_text(database.connection());
  const auto memory = database.arena().memory();
  auto* at = reinterpret_cast<char*>(memory.data());
  char* const end = at + memory.size();
  while ((at = static_cast<char*>(memmem(at, static_cast<std::size_t>(end - at), text.data(),
                                         text.size()))) != nullptr) {
    at[20] = static_cast<char>(at[20] ^ 1);
    at += text.size();
  }
}

void visit(Connection& database, std::size_t number, const Digests& wanted, bool thoroughly,
           Walk& walk) try {
  if (thoroughly) check_integrity(database, number, walk);
  compare(wanted, sqlite::digests(database), number, walk);
} catch (const DatabaseError& error) {
  walk.differences.push_back(fmt::format("branch {} differs: {}", number, error.what()));
}

// What a checkout has to undo: changes, on and off in a transaction that is still open.
void leave_something_behind(Connection& connection, std::mt19937_64& random, Walk& walk) {
  const bool open = random() % 2 == 0;
  if (open) (void)outcome(connection, "BEGIN; SAVEPOINT inner");
  (void)outcome(connection, edit(connection, random));
  walk.abandoned += open ? 1 : 0;
}

}  // namespace

Tree grow(BranchableDatabase& database, std::size_t branches, std::mt19937_64& random) {
  Tree tree{{database.head(), 0, {}, {}}};
  console::Progress progress("growing branches", branches);
  for (; tree.size() <= branches; progress.step()) {
    const std::size_t parent = random() % tree.size();
    database.checkout(tree[parent].commit);
    Branch branch{tree[parent].commit, parent, {}, {}};
    for (std::uint64_t edits = 2 + random() % 5; edits > 0; --edits) {
      branch.sql.push_back(edit(database.connection(), random));
      branch.outcomes.push_back(outcome(database.connection(), branch.sql.back()));
    }
    branch.commit = database.commit();
    tree.push_back(std::move(branch));
  }
  return tree;
}

std::vector<Digests> expected(Connection& origin, const Tree& tree, Walk& walk) {
  std::vector<Digests> all;
  console::Progress progress("running the same SQL on fresh databases", tree.size());
  for (std::size_t number = 0; number < tree.size(); ++number, progress.step()) {
    Connection fresh;
    fresh.copy_from(origin);
    replay(fresh, tree, number, walk);
    all.push_back(sqlite::digests(fresh));
  }
  return all;
}

void wander(BranchableDatabase& database, const Tree& tree, const std::vector<Digests>& expected,
            std::size_t steps, bool spoil, std::mt19937_64& random, Walk& walk) {
  console::Progress progress("walking from branch to branch", steps);
  std::vector<std::size_t> order;
  for (std::size_t step = 0; step < steps; ++step, progress.step()) {
    if (order.empty()) {  // every branch once, then all of them again in another order
      for (std::size_t i = 0; i < tree.size(); ++i) order.push_back(i);
      std::ranges::shuffle(order, random);
    }
    const std::size_t number = order.back();
    order.pop_back();
    const Commit& target = tree[number].commit;
    walk.pages.push_back(static_cast<double>(database.differing_pages(database.head(), target)));
    const measure::Stopwatch watch;
    database.checkout(target);
    walk.ns.push_back(watch.ns());
    ++walk.checkouts;
    if (spoil && step == steps / 2) change_a_bit(database);
    visit(database.connection(), number, expected[number], step % 4 == 0, walk);
    if (random() % 2 == 0) leave_something_behind(database.connection(), random, walk);
  }
}

}  // namespace cleave::demo::database
