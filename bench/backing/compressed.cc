// Compressed memory, with pages of a real database, beside a swap file.

#include <sqlite3.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include <cleave/backing/compressed.h>
#include <cleave/backing/swap_file.h>

#include "bench/backing/benchmarks.h"
#include "bench/backing/pages_away.h"
#include "bench/io/disk_file.h"
#include "bench/space/touched.h"
#include "measure/system.h"

namespace cleave::bench {
namespace {

using namespace cleave::literals;

// A database of what lies in /usr: a path, its folder, its size, with an index.
class Database {
 public:
  explicit Database(std::size_t most_bytes) {
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
  [[nodiscard]] std::span<std::byte> bytes() { return bytes_; }

 private:
  static void fill(sqlite3* database, std::size_t rows) {
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

  std::vector<std::byte> bytes_;
};

Row row_of(const char* name, const Samples& ours, const Samples& disk) {
  Row row{.name = name,
          .unit = "bytes/s",
          .ours = ours,
          .baseline = "the same pages and calls with a swap file",
          .theirs = disk,
          .more_is_better = true};
  row.goals.push_back({"5 times", row.ratio() >= 5});
  return row;
}

std::vector<Row> away_compressed(const Settings& settings) {
  const ByteCount size = settings.quick ? 64_MiB : 1_GiB;
  const auto folder = folder_on_a_disk();
  Database database(settings.quick ? (8_MiB).value : (64_MiB).value);
  PagesAway pages(database.bytes(), size.value / kPageSize);
  PagesAway pages_on_disk(database.bytes(), size.value / kPageSize);
  auto memory = compressed({.bytes = size});
  auto file = swap_file({.bytes = size, .directory = folder.value_or("")});
  if (!memory || !file) {
    fmt::print(stderr, "away/compressed: {}\n", (memory ? file : memory).error().message());
    return {};
  }
  const TouchedHeap target(Extent{64_MiB});
  const std::span<std::byte> into{target.touched_page(0), (64_MiB).value};
  (void)pages_on_disk.out(**file);
  const std::size_t some = size.value / kPageSize / 16;
  const auto [out, disk_out, in, disk_in, random, disk_random, single, disk_single] = in_turn(
      settings.runs(), [&] { return pages.out(**memory); },
      [&] { return pages_on_disk.out(**file); }, [&] { return pages.in_order(**memory, into); },
      [&] { return pages_on_disk.in_order(**file, into); },
      [&] { return pages.at_random(**memory, into, some, PagesAway::kBatch); },
      [&] { return pages_on_disk.at_random(**file, into, some, PagesAway::kBatch); },
      [&] { return pages.at_random(**memory, into, some, 1); },
      [&] { return pages_on_disk.at_random(**file, into, some / 16, 1); });
  const BackingStatistics now = (*memory)->statistics();
  std::vector<Row> rows{row_of("away/compressed/out", out, disk_out),
                        row_of("away/compressed/in/sequential", in, disk_in),
                        row_of("away/compressed/in/random", random, disk_random),
                        row_of("away/compressed/in/single", single, disk_single)};
  for (Row& row : rows) {
    row.details["smaller_by"] = static_cast<double>(now.compressed_pages * kPageSize) /
                                static_cast<double>(now.compressed_bytes);
    row.details["pages_a_second"] = row.ours.median() / static_cast<double>(kPageSize);
  }
  return rows;
}

}  // namespace

std::vector<Benchmark> compressed_benchmarks() {
  return {
      {"away/compressed", "pages of a database into compressed memory and back", away_compressed}};
}

}  // namespace cleave::bench
