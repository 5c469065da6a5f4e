#include "adapters/sqlite/connection.h"

#include <cstring>
#include <utility>

#include "adapters/sqlite/memory_routing.h"
#include "adapters/sqlite/no_files.h"

namespace cleave::sqlite {

Connection::Connection(const Heap& heap) : heap_(heap) { open_in_memory(); }

Connection::Connection() { open_in_memory(); }

Connection::Connection(const std::string& path, int flags) {
  route_memory();
  try {
    open(path.c_str(), flags, nullptr);
  } catch (const DatabaseError& error) {
    throw DatabaseError(path + ": " + error.what());
  }
}

void Connection::open(const char* name, int flags, const char* vfs) {
  const MemoryFrom here(heap());
  // One thread at a time by contract: a mutex a connection would be locked and unlocked for
  // nothing.
  const int status = sqlite3_open_v2(name, &handle_, flags | SQLITE_OPEN_NOMUTEX, vfs);
  if (status == SQLITE_OK) return;
  const DatabaseError failed(handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(status));
  (void)sqlite3_close(handle_);
  throw failed;
}

void Connection::open_in_memory() {
  route_memory();
  open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, no_files());
  execute("PRAGMA temp_store = memory");
  const MemoryFrom here(heap());
  (void)sqlite3_set_authorizer(handle_, refuse_files, nullptr);
}

Connection::~Connection() {
  const MemoryFrom here(heap());
  (void)sqlite3_close(handle_);
}

DatabaseError Connection::error() const {
  std::string text = sqlite3_errmsg(handle_);
  // Who denied it and why, SQLite cannot say: see refuse_files().
  if (sqlite3_errcode(handle_) == SQLITE_AUTH) {
    text += ": it would reach what no checkout brings back, files or settings of the process";
  }
  return DatabaseError(text);
}

void Connection::execute(std::string_view sql) {
  while (auto statement = prepare_next(sql)) {
    while (statement->step()) {
    }
  }
}

std::optional<Statement> Connection::prepare_next(std::string_view& sql) {
  while (!sql.empty()) {
    sqlite3_stmt* prepared = nullptr;
    const char* rest = nullptr;
    const MemoryFrom here(heap());
    const int status =
        sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &prepared, &rest);
    if (status != SQLITE_OK) throw error();
    sql.remove_prefix(static_cast<std::size_t>(rest - sql.data()));
    if (prepared == nullptr) continue;  // a comment, or a lone semicolon
    ++statements_;
    return Statement({prepared, Statement::Finalize{this}});
  }
  return {};
}

Statement Connection::prepare(std::string_view sql) {
  auto statement = prepare_next(sql);
  if (!statement) throw DatabaseError("there is no statement in it");
  return std::move(*statement);
}

std::int64_t Connection::integer(std::string_view sql) {
  Statement statement = prepare(sql);
  if (!statement.step()) throw DatabaseError("no row: " + std::string(sql));
  return statement.integer(0);
}

std::string Connection::text(std::string_view sql) {
  Statement statement = prepare(sql);
  if (!statement.step()) throw DatabaseError("no row: " + std::string(sql));
  return std::string(statement.text(0));
}

void Connection::copy_from(Connection& from) {
  // Into a heap, SQLite may take what it needs from there: `from` gives back what is its own. Out
  // of a heap, or between files, nothing new may come to lie there.
  const MemoryFrom into(heap());
  std::optional<MemoryBeside> out_of;
  if (!heap_) out_of.emplace(from.heap());
  sqlite3_backup* backup = sqlite3_backup_init(handle_, "main", from.handle_, "main");
  if (backup == nullptr) throw error();
  (void)sqlite3_backup_step(backup, -1);
  if (sqlite3_backup_finish(backup) != SQLITE_OK) throw error();
}

void Connection::copy_from_file(const std::string& path) {
  Connection copy;
  {
    Connection file(path, SQLITE_OPEN_READONLY);
    try {
      copy.copy_from(file);
    } catch (const DatabaseError& error) {
      throw DatabaseError(path + ": " + error.what());
    }
  }
  copy_from(copy);
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  const MemoryFrom here(connection->heap());
  (void)sqlite3_finalize(statement);
  --connection->statements_;
}

bool Statement::step() {
  const MemoryFrom here(connection().heap());
  switch (sqlite3_step(statement_.get())) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      throw connection().error();
  }
}

void Statement::reset() {
  const MemoryFrom here(connection().heap());
  (void)sqlite3_reset(statement_.get());
}

void Statement::check_bound(int status) const {
  if (status != SQLITE_OK) throw connection().error();
}

void Statement::bind(int parameter, std::int64_t value) {
  const MemoryFrom here(connection().heap());
  check_bound(sqlite3_bind_int64(statement_.get(), parameter, value));
}

void Statement::bind(int parameter, std::string_view text) {
  const MemoryFrom here(connection().heap());
  check_bound(sqlite3_bind_text64(statement_.get(), parameter, text.data(), text.size(),
                                  SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind_null(int parameter) {
  const MemoryFrom here(connection().heap());
  check_bound(sqlite3_bind_null(statement_.get(), parameter));
}

int Statement::columns() const { return sqlite3_column_count(statement_.get()); }

std::string Statement::column_name(int column) const {
  const MemoryFrom here(connection().heap());
  const char* name = sqlite3_column_name(statement_.get(), column);
  return name != nullptr ? name : "";
}

int Statement::type(int column) const { return sqlite3_column_type(statement_.get(), column); }

std::int64_t Statement::integer(int column) const {
  const MemoryFrom here(connection().heap());
  return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const {
  const MemoryFrom here(connection().heap());
  return sqlite3_column_double(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const MemoryFrom here(connection().heap());
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string_view Statement::blob(int column) const {
  const MemoryFrom here(connection().heap());
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

}  // namespace cleave::sqlite
