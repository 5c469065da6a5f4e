#include "adapters/sqlite/contents/digest.h"

#include <vector>

#include "adapters/sqlite/contents/value_hash.h"

namespace cleave::sqlite {
namespace {

TableDigest digest(Statement rows) {
  TableDigest result;
  ValueHash hash;
  const int columns = rows.columns();
  while (rows.step()) {
    ++result.rows;
    for (int column = 0; column < columns; ++column) hash.add(rows, column);
  }
  result.hash = hash.value();
  return result;
}

}  // namespace

std::string as_identifier(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) text.append(c == '"' ? 2 : 1, c);
  return text + '"';
}

std::vector<Table> tables(Connection& database) {
  std::vector<Table> result;
  Statement list = database.prepare(
      "SELECT name, wr, type FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', "
      "'shadow') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name");
  while (list.step())
    result.push_back({std::string(list.text(0)), list.integer(1) == 0, list.text(2) == "shadow"});
  return result;
}

Digests digests(Connection& database) {
  Digests result;
  result["sqlite_schema"] = digest(
      database.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid"));
  for (const Table& table : tables(database)) {
    // Without an index: it could give another order, and hide what the table itself holds.
    result[table.name] =
        digest(database.prepare(std::string("SELECT ") + (table.has_rowid ? "rowid, " : "") +
                                "* FROM " + as_identifier(table.name) + " NOT INDEXED"));
  }
  return result;
}

}  // namespace cleave::sqlite
