#include "tools/demo/database/edits.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "adapters/sqlite/contents/digest.h"

namespace cleave::demo::database {
namespace {

using sqlite::as_identifier;
using sqlite::Connection;
using sqlite::DatabaseError;
using sqlite::Statement;

struct Target {
  std::string table;   // quoted
  std::string column;  // quoted; outside of the primary key
  std::int64_t greatest_rowid;
};

std::string column_of(Connection& database, const std::string& table) {
  Statement column = database.prepare(
      "SELECT name FROM pragma_table_info(?1) WHERE pk = 0 ORDER BY type LIKE '%TEXT%' DESC, cid");
  column.bind(1, table);
  return column.step() ? as_identifier(column.text(0)) : std::string();
}

// The tables that an edit can name rows of.
std::vector<Target> targets(Connection& database) {
  std::vector<Target> result;
  for (const sqlite::Table& table : sqlite::tables(database)) {
    std::string column = column_of(database, table.name);
    if (!table.has_rowid || table.is_shadow || column.empty()) continue;
    std::string name = as_identifier(table.name);
    const std::int64_t greatest = database.integer("SELECT ifnull(max(rowid), 0) FROM " + name);
    result.push_back({std::move(name), std::move(column), greatest});
  }
  return result;
}

std::string drop_all(Connection& database) {
  std::string sql;
  for (const sqlite::Table& table : sqlite::tables(database)) {
    if (!table.is_shadow) sql += fmt::format("DROP TABLE {};", as_identifier(table.name));
  }
  return sql;
}

}  // namespace

std::vector<Damage> damages(Connection& database) {
  const std::vector<Target> all = targets(database);
  const auto largest = std::ranges::max_element(all, {}, &Target::greatest_rowid);
  if (largest == all.end() || largest->greatest_rowid == 0) {
    throw DatabaseError("no table of the database has rows that can be told by a rowid");
  }
  const auto& [table, column, rowid] = *largest;
  std::string half;
  for (const Target& t : all) half += fmt::format("DELETE FROM {} WHERE rowid % 2;", t.table);
  return {
      {"update one row", fmt::format("UPDATE OR IGNORE {} SET {} = {} || '~' WHERE rowid = {}",
                                     table, column, column, (rowid + 1) / 2)},
      {"delete 100 rows in a row",
       fmt::format("DELETE FROM {0} WHERE rowid BETWEEN {1} AND {1} + 99", table, (rowid + 1) / 2)},
      {"delete 1 row in 100", fmt::format("DELETE FROM {} WHERE rowid % 100 = 1", table)},
      {"delete every second row", half},
      {"drop every table", drop_all(database)},
  };
}

std::string edit(Connection& database, std::mt19937_64& random) {
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() %
                                     static_cast<std::uint64_t>(std::max<std::int64_t>(n, 1)));
  };
  const std::vector<Target> all = targets(database);
  if (all.empty())
    return "CREATE TABLE again(a, b); INSERT INTO again VALUES (1, 'after all was dropped')";
  const auto& [table, column, rowid] = all[random() % all.size()];
  const std::int64_t first = below(rowid);
  const std::int64_t last = first + 1 + below(std::min<std::int64_t>(rowid, 2000));
  const std::uint64_t name = random() % 10'000;
  switch (random() % 12) {
    case 0:
      return fmt::format("CREATE TABLE copy_{} AS SELECT * FROM {} WHERE rowid BETWEEN {} AND {}",
                         name, table, first, last);
    case 1:
      return fmt::format("CREATE INDEX index_{} ON {}({})", name, table, column);
    case 2:
      return all.size() < 2 || random() % 4 != 0 ? fmt::format("REINDEX {}", table)
                                                 : fmt::format("DROP TABLE {}", table);
    case 3:
      return fmt::format("ALTER TABLE {} ADD COLUMN added_{} DEFAULT 'by an edit'", table, name);
    case 4:
    case 5:
    case 6:
      return fmt::format("DELETE FROM {} WHERE rowid BETWEEN {} AND {}", table, first, last);
    case 7:
    case 8:
      return fmt::format(
          "INSERT OR IGNORE INTO {0} SELECT * FROM {0} WHERE rowid BETWEEN {1} AND {2}", table,
          first, last);
    default:
      return fmt::format("UPDATE OR IGNORE {} SET {} = {} || '~{}' WHERE rowid BETWEEN {} AND {}",
                         table, column, column, name, first, last);
  }
}

std::string outcome(Connection& database, const std::string& sql) try {
  database.execute(sql);
  return {};
} catch (const DatabaseError& error) {
  return error.what();
}

}  // namespace cleave::demo::database
