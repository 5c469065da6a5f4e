#include "adapters/sqlite/contents/row_diff.h"

#include <utility>

#include "adapters/sqlite/contents/digest.h"
#include "adapters/sqlite/contents/value_hash.h"

namespace cleave::sqlite {
namespace {

// The columns that tell rows apart, for a SELECT: the primary key's, else the rowid.
std::string key_columns(Connection& database, const Table& table, int& count) {
  std::string columns;
  count = 0;
  Statement info =
      database.prepare("SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk");
  info.bind(1, table.name);
  while (info.step()) {
    columns += as_identifier(info.text(0)) + ", ";
    ++count;
  }
  if (count != 0) return columns;
  count = 1;
  return "rowid, ";
}

std::unordered_map<std::string, std::uint64_t> rows_of(Connection& database, const Table& table) {
  std::unordered_map<std::string, std::uint64_t> by_key;
  int keys = 0;
  Statement rows = database.prepare("SELECT " + key_columns(database, table, keys) + "* FROM " +
                                    as_identifier(table.name) + " NOT INDEXED");
  while (rows.step()) {
    std::string key;
    for (int column = 0; column < keys; ++column) append_value(key, rows, column);
    ValueHash hash;
    for (int column = keys; column < rows.columns(); ++column) hash.add(rows, column);
    by_key[std::move(key)] = hash.value();
  }
  return by_key;
}

std::string sql_of(Connection& database, const std::string& table) {
  Statement sql = database.prepare("SELECT sql FROM sqlite_schema WHERE name = ?1");
  sql.bind(1, table);
  return sql.step() ? std::string(sql.text(0)) : std::string();
}

void compare(const RowHashes::Rows& first, const RowHashes::Rows& second, TableDiff& diff) {
  for (const auto& [key, hash] : first.by_key) {
    const auto found = second.by_key.find(key);
    if (found == second.by_key.end()) {
      ++diff.removed;
    } else if (found->second != hash) {
      ++diff.changed;
    }
  }
  diff.added = second.by_key.size() - (first.by_key.size() - diff.removed);
}

}  // namespace

RowHashes row_hashes(Connection& database) {
  RowHashes all;
  for (const Table& table : tables(database)) {
    all.tables[table.name] = {sql_of(database, table.name), rows_of(database, table)};
  }
  return all;
}

std::vector<TableDiff> row_diff(const RowHashes& first, const RowHashes& second) {
  static const RowHashes::Rows kNone;
  std::map<std::string, TableDiff> diffs;
  for (const auto& [table, rows] : first.tables) {
    TableDiff& diff = diffs[table];
    const auto found = second.tables.find(table);
    diff.disappeared = found == second.tables.end();
    diff.redefined = !diff.disappeared && found->second.sql != rows.sql;
    compare(rows, diff.disappeared ? kNone : found->second, diff);
  }
  for (const auto& [table, rows] : second.tables) {
    if (first.tables.contains(table)) continue;
    diffs[table].appeared = true;
    compare(kNone, rows, diffs[table]);
  }
  std::vector<TableDiff> result;
  for (auto& [table, diff] : diffs) {
    diff.table = table;
    if (diff.appeared || diff.disappeared || diff.redefined ||
        diff.added + diff.removed + diff.changed > 0) {
      result.push_back(std::move(diff));
    }
  }
  return result;
}

}  // namespace cleave::sqlite
