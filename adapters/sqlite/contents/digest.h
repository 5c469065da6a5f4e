// What a database holds, as a number a table.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sqlite/connection.h"

namespace cleave::sqlite {

struct TableDigest {
  std::uint64_t rows = 0;
  /// XXH3 of all values with their types, in the table's own order, rowids too.
  std::uint64_t hash = 0;
  friend bool operator==(const TableDigest&, const TableDigest&) = default;
};

/// By table; the schema is one of them. Databases that hold the same have the same digests.
using Digests = std::map<std::string, TableDigest>;

/// Reads everything. Virtual tables count by the tables that they keep their data in. Throws
/// DatabaseError.
Digests digests(Connection& database);

/// A table as SQL names it.
std::string as_identifier(std::string_view name);

/// A table of the main database.
struct Table {
  std::string name;
  bool has_rowid;
  bool is_shadow;  ///< where a virtual table keeps its data
};
/// Those that hold rows themselves, by name.
std::vector<Table> tables(Connection& database);

}  // namespace cleave::sqlite
