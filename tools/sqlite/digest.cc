#include "tools/sqlite/digest.h"

#include <xxhash.h>

#include <bit>
#include <vector>

namespace cleave::sqlite {
namespace {

class Hash {
 public:
  Hash() { XXH3_64bits_reset(state_.get()); }
  void add(const void* bytes, std::size_t size) {
    (void)XXH3_64bits_update(state_.get(), bytes, size);
  }
  void add(std::uint64_t number) { add(&number, sizeof number); }
  [[nodiscard]] std::uint64_t value() const { return XXH3_64bits_digest(state_.get()); }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { (void)XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_{XXH3_createState()};
};

// Type and length come first, so that no two rows look alike that are not.
void add_value(Hash& hash, const Statement& row, int column) {
  const int type = row.type(column);
  hash.add(static_cast<std::uint64_t>(type));
  switch (type) {
    case SQLITE_INTEGER:
      return hash.add(static_cast<std::uint64_t>(row.integer(column)));
    case SQLITE_FLOAT:
      return hash.add(std::bit_cast<std::uint64_t>(row.real(column)));
    case SQLITE_NULL:
      return;
    default:
      const std::string_view bytes = type == SQLITE_TEXT ? row.text(column) : row.blob(column);
      hash.add(bytes.size());
      hash.add(bytes.data(), bytes.size());
  }
}

TableDigest digest(Statement rows) {
  TableDigest result;
  Hash hash;
  const int columns = rows.columns();
  while (rows.step()) {
    ++result.rows;
    for (int column = 0; column < columns; ++column) add_value(hash, rows, column);
  }
  result.hash = hash.value();
  return result;
}

}  // namespace

std::string quoted(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) text.append(c == '"' ? 2 : 1, c);
  return text + '"';
}

std::vector<Table> tables(Connection& database) {
  std::vector<Table> result;
  Statement list = database.prepare(
      "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', "
      "'shadow') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name");
  while (list.step()) result.push_back({std::string(list.text(0)), list.integer(1) == 0});
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
                                "* FROM " + quoted(table.name) + " NOT INDEXED"));
  }
  return result;
}

}  // namespace cleave::sqlite
