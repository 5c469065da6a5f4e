// SQL that changes a database, whatever its tables are.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "adapters/sqlite/connection.h"

namespace cleave::demo::database {

/// Something that a rollback has to undo.
struct Damage {
  std::string what;
  std::string sql;
};

/// From a single row to everything, made for the tables of `database`. Throws sqlite::DatabaseError
/// if there are none with rows.
std::vector<Damage> damages(sqlite::Connection& database);

/// A statement by chance, made for the tables that are there now: it changes, deletes or inserts
/// rows, creates a table or an index, or drops one.
std::string edit(sqlite::Connection& database, std::mt19937_64& random);

/// Runs `sql`; SQLite's message if a statement fails, as some constraint may want it, else nothing.
std::string outcome(sqlite::Connection& database, const std::string& sql);

}  // namespace cleave::demo::database
