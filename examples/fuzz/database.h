// Debian's SQLite as a target that has state: a database of some megabytes, prepared once.
#pragma once

#include <sqlite3.h>

#include <span>

#include <cleave/heap.h>

namespace cleave::example {

/// From now on SQLite allocates there; before it is used otherwise.
void sqlite_allocates_from(const Heap& heap);

/// Tables and indexes with 60,000 rows, in memory.
sqlite3* prepare_database();

/// Executes statements that anybody may have written: no files, and no query without an end. The
/// result code.
int execute(sqlite3* database, std::span<const char> statements);

/// A number that says what the database holds.
unsigned long long fingerprint(sqlite3* database);

}  // namespace cleave::example
