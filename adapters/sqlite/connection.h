// A connection to a database, and statements on it, which know where their memory comes from.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <cleave/heap.h>

#include "adapters/sqlite/database_error.h"

namespace cleave::sqlite {

class Connection;

/// A prepared statement; finalized at its end, which must come before the connection's. Movable.
class Statement {
 public:
  /// Moves to the next row; false: there is none. Throws DatabaseError.
  bool step();
  /// To the beginning, with what is bound. Errors were told by step() already.
  void reset();

  void bind(int parameter, std::int64_t value);
  void bind(int parameter, std::string_view text);  ///< copied
  void bind_null(int parameter);

  [[nodiscard]] int columns() const;
  [[nodiscard]] std::string column_name(int column) const;
  /// SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB or SQLITE_NULL.
  [[nodiscard]] int type(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  /// Until the next call on this statement.
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::string_view blob(int column) const;

 private:
  friend class Connection;
  struct Finalize {
    Connection* connection;
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  explicit Statement(std::unique_ptr<sqlite3_stmt, Finalize> statement)
      : statement_(std::move(statement)) {}
  [[nodiscard]] Connection& connection() const { return *statement_.get_deleter().connection; }
  void check_bound(int status) const;

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// A database in memory, all of it in one heap or all of it in malloc's; or a file. One thread at a
/// time.
class Connection {
 public:
  /// A new, empty database in `heap`. It opens no files, neither for temporary tables nor by
  /// ATTACH: a file knows nothing of commits. Throws DatabaseError.
  explicit Connection(const Heap& heap);
  /// A new, empty database in malloc's memory, held to the same rules.
  Connection();
  /// A database in a file; `flags` as for sqlite3_open_v2(). Throws DatabaseError, which names the
  /// file.
  Connection(const std::string& path, int flags);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Runs all statements in `sql`; rows are passed over. Throws DatabaseError at the first that
  /// fails.
  void execute(std::string_view sql);

  /// The first statement in `sql`, which `sql` then begins behind; nothing if only comments are
  /// left. Throws DatabaseError.
  std::optional<Statement> prepare_next(std::string_view& sql);
  /// The only one. Throws DatabaseError.
  Statement prepare(std::string_view sql);

  /// The first column of the first row. Throws DatabaseError, also where there is no row.
  std::int64_t integer(std::string_view sql);
  std::string text(std::string_view sql);

  /// Replaces all that is here by what `from` holds (sqlite3_backup). At most one of the two may
  /// have a heap; the other's memory is left to malloc. Throws DatabaseError; what is here is then
  /// unchanged.
  void copy_from(Connection& from);
  /// The same from a file. It is read into malloc's memory first: some ways of tracking keep system
  /// calls from writing into an arena.
  void copy_from_file(const std::string& path);

  /// Statements that live now. Those that SQLite's own modules keep inside a connection do not
  /// count.
  [[nodiscard]] unsigned statements() const { return statements_; }
  /// Rows that the last INSERT, UPDATE or DELETE changed.
  [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(handle_); }
  /// All that were changed so far. Lies in the connection, and so goes back at a checkout.
  [[nodiscard]] std::int64_t total_changes() const { return sqlite3_total_changes64(handle_); }
  /// Makes the statement that is running fail with SQLITE_INTERRUPT. Any thread, and signal
  /// handlers.
  void interrupt() { sqlite3_interrupt(handle_); }
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  [[nodiscard]] const Heap* heap() const { return heap_ ? &*heap_ : nullptr; }

 private:
  friend class Statement;
  void open(const char* name, int flags, const char* vfs);
  void open_in_memory();
  [[nodiscard]] DatabaseError error() const;

  std::optional<Heap> heap_;
  sqlite3* handle_ = nullptr;
  unsigned statements_ = 0;
};

}  // namespace cleave::sqlite
