// A database of a commit, opened where it lies: SQLite reads the pages that a query needs, and no
// others come.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>

#include <cleave/space.h>

#include "adapters/sqlite/connection.h"

namespace cleave::command::image {

/// A file system of SQLite's with one file, which is read only: `size` bytes of a space from
/// address 0 on. One at a time in a process.
class Database {
 public:
  /// `space` must outlive it.
  Database(const Space& space, std::uint64_t size);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs each statement in `sql`: `rows` is called with each that is prepared. Throws
  /// sqlite::DatabaseError, with what was the matter where a page could not be had.
  template <class Rows>
  void query(std::string_view sql, Rows rows) {
    said_why([&] {
      sqlite::Connection connection(kName, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
      connection.execute("PRAGMA temp_store = memory; PRAGMA trusted_schema = off");
      while (auto statement = connection.prepare_next(sql)) rows(*statement);
    });
  }

 private:
  static constexpr const char* kName = "file:image?vfs=cleave-image";

  template <class Work>
  void said_why(Work work) {
    try {
      work();
    } catch (const sqlite::DatabaseError&) {
      if (why_.empty()) throw;
      throw sqlite::DatabaseError(why_);
    }
  }
  struct File;
  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* is);
  static int read(sqlite3_file* file, void* into, int size, sqlite3_int64 at);

  const Space& space_;
  std::uint64_t size_;
  std::string why_;  // the first page that could not be had
  sqlite3_vfs vfs_ = {};
};

}  // namespace cleave::command::image
