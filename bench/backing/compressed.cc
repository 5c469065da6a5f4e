// Compressed memory, with pages of a real database, beside a swap file.

#include <memory>
#include <span>
#include <vector>

#include <fmt/format.h>

#include <cleave/backing/compressed.h>
#include <cleave/backing/swap_file.h>

#include "bench/backing/benchmarks.h"
#include "bench/backing/database.h"
#include "bench/backing/pages_away.h"
#include "bench/io/disk_file.h"
#include "bench/space/touched.h"

namespace cleave::bench {
namespace {

using namespace cleave::literals;

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
