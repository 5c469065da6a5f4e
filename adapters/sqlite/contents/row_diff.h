// In which rows two states of a database differ.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "adapters/sqlite/connection.h"

namespace cleave::sqlite {

/// What a state holds, small enough to keep while another is looked at: a hash of each row, by its
/// primary key.
struct RowHashes {
  struct Rows {
    std::string sql;  ///< how the table was made
    std::unordered_map<std::string, std::uint64_t> by_key;
  };
  std::map<std::string, Rows> tables;
};

/// Reads every table of the main database. A table without a primary key goes by rowid. Throws
/// DatabaseError.
RowHashes row_hashes(Connection& database);

struct TableDiff {
  std::string table;
  bool appeared = false;     ///< only the second state has it
  bool disappeared = false;  ///< only the first state has it
  bool redefined = false;    ///< both have it, made by other SQL
  std::uint64_t added = 0;
  std::uint64_t removed = 0;
  std::uint64_t changed = 0;
};

/// The tables that differ, by name.
std::vector<TableDiff> row_diff(const RowHashes& first, const RowHashes& second);

}  // namespace cleave::sqlite
