#include "bench/backing/database.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <cleave/units.h>

#include "measure/system.h"

namespace cleave::bench {
namespace {

void fill(sqlite3* database, std::size_t rows) {
  sqlite3_stmt* insert = nullptr;
  (void)sqlite3_prepare_v2(database, "INSERT INTO file (path, folder, size) VALUES (?, ?, ?)", -1,
                           &insert, nullptr);
  std::error_code passed_over;
  using Walk = std::filesystem::recursive_directory_iterator;
  for (Walk at("/usr", std::filesystem::directory_options::skip_permission_denied, passed_over);
       at != Walk() && rows != 0; at.increment(passed_over), --rows) {
    const std::string path = at->path().string();
    const std::string folder = at->path().parent_path().string();
    (void)sqlite3_bind_text(insert, 1, path.c_str(), -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_text(insert, 2, folder.c_str(), -1, SQLITE_TRANSIENT);
    const auto size = at->is_regular_file(passed_over) ? at->file_size(passed_over) : 0;
    (void)sqlite3_bind_int64(insert, 3, static_cast<sqlite3_int64>(size));
    (void)sqlite3_step(insert);
    (void)sqlite3_reset(insert);
  }
  (void)sqlite3_finalize(insert);
}

}  // namespace

Database::Database(std::size_t most_bytes) {
  sqlite3* database = nullptr;
  measure::must_hold(sqlite3_open(":memory:", &database) == SQLITE_OK, "no database");
  (void)sqlite3_exec(database,
                     "CREATE TABLE file (id INTEGER PRIMARY KEY, path TEXT, folder TEXT, size "
                     "INTEGER); CREATE INDEX by_folder ON file (folder, path); BEGIN",
                     nullptr, nullptr, nullptr);
  fill(database, most_bytes / 400);
  (void)sqlite3_exec(database, "COMMIT", nullptr, nullptr, nullptr);
  sqlite3_int64 bytes = 0;
  unsigned char* const image = sqlite3_serialize(database, "main", &bytes, 0);
  const std::size_t pages = std::min(static_cast<std::size_t>(bytes), most_bytes) / kPageSize;
  measure::must_hold(image != nullptr && pages > 100, "nothing to put into the database");
  bytes_.resize(pages * kPageSize);
  std::memcpy(bytes_.data(), image, bytes_.size());
  sqlite3_free(image);
  (void)sqlite3_close(database);
}

}  // namespace cleave::bench
