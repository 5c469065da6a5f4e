// A swap file alone, beside what the disk gives to who asks for nothing else.

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <cleave/backing/swap_file.h>

#include "bench/backing/benchmarks.h"
#include "bench/backing/pages_away.h"
#include "bench/io/disk_file.h"
#include "bench/space/touched.h"

namespace cleave::bench {
namespace {

using namespace cleave::literals;

constexpr ByteCount kBlock = 128_KiB;
constexpr unsigned kDepth = 32;

struct Scene {
  Scene(ByteCount bytes, ByteCount in_memory, std::unique_ptr<Backing> swap, DiskFile fios)
      : size(bytes),
        file(std::move(swap)),
        beside(std::move(fios)),
        memory(Extent{in_memory}),
        content(memory.touched_page(0), in_memory.value),
        pages(content, bytes.value / kPageSize) {}

  [[nodiscard]] double fio(const char* what, ByteCount block, ByteCount bytes) const {
    return by_fio(beside, {what, block, kDepth, bytes}).value_or(0);
  }

  ByteCount size;
  std::unique_ptr<Backing> file;
  DiskFile beside;  // of the same size, for fio
  TouchedHeap memory;
  std::span<std::byte> content;
  PagesAway pages;
};

std::unique_ptr<Scene> make_scene(const Settings& settings) {
  const ByteCount size = settings.quick ? 256_MiB : 4_GiB;
  const auto folder = folder_on_a_disk();
  auto beside = DiskFile::make(size);
  if (!folder || !beside) {
    fmt::print(stderr, "away: no folder for temporary files lies on a disk; TMPDIR can name one\n");
    return nullptr;
  }
  auto file = swap_file({.bytes = size, .directory = *folder, .depth = kDepth});
  if (!file) {
    fmt::print(stderr, "away: {}\n", file.error().message());
    return nullptr;
  }
  return std::make_unique<Scene>(size, settings.quick ? 64_MiB : 256_MiB, std::move(*file),
                                 std::move(*beside));
}

Row row_of(const Scene& scene, std::string name, const Samples& ours, const Samples& fio) {
  Row row{.name = std::move(name), .unit = "bytes/s", .ours = ours, .more_is_better = true};
  if (!fio.empty() && fio.median() > 0) {
    row.baseline = "fio, O_DIRECT by io_uring, the same blocks and depth";
    row.theirs = fio;
    row.goals.push_back({"0.9 of it", row.ratio() >= 0.9});
  } else {
    row.details["note"] = "fio is not installed";
  }
  row.details["file_bytes"] = scene.size.value;
  row.details["batch_pages"] = PagesAway::kBatch;
  row.details["depth"] = kDepth;
  row.details["direct"] = scene.file->statistics().direct;
  row.details["ring"] = scene.file->statistics().ring;
  return row;
}

std::vector<Row> away_out(const Settings& settings) {
  const auto scene = make_scene(settings);
  if (!scene) return {};
  const double first = scene->pages.out(*scene->file);
  const auto [out, fio] = in_turn(
      settings.runs(), [&] { return scene->pages.out(*scene->file); },
      [&] { return scene->fio("write", kBlock, scene->size); });
  Row row = row_of(*scene, "away/out", out, fio);
  row.details["first_time"] = first;
  return {row};
}

std::vector<Row> away_in(const Settings& settings) {
  const auto scene = make_scene(settings);
  if (!scene) return {};
  Backing& file = *scene->file;
  PagesAway& pages = scene->pages;
  (void)pages.out(file);
  const ByteCount some = scene->size.value / 16;
  const std::size_t some_pages = some.value / kPageSize;
  const auto [in, in_fio, in_batches, random, random_fio, single, single_fio] = in_turn(
      settings.runs(), [&] { return pages.in_order(file, scene->content); },
      [&] { return scene->fio("read", kBlock, scene->size); },
      [&] { return pages.in_order(file, scene->content, PagesAway::kBatch); },
      [&] { return pages.at_random(file, scene->content, some_pages, PagesAway::kBatch); },
      [&] { return scene->fio("randread", kPageSize, some); },
      [&] { return pages.at_random(file, scene->content, some_pages / 16, 1); },
      [&] {
        return by_fio(scene->beside, {"randread", kPageSize, 1, some.value / 16}).value_or(0);
      });
  std::vector<Row> rows{row_of(*scene, "away/in/sequential", in, in_fio),
                        row_of(*scene, "away/in/random", random, random_fio),
                        row_of(*scene, "away/in/single", single, single_fio)};
  rows[0].details["batch_pages"] = PagesAway::kLongBatch;
  rows[0].details["in_batches_of_1024"] = in_batches.median();
  rows[2].details["batch_pages"] = 1;
  return rows;
}

}  // namespace

std::vector<Benchmark> swap_file_benchmarks() {
  return {{"away/out", "pages to a swap file, in batches", away_out},
          {"away/in", "pages from a swap file: in order, at random, one at a time", away_in}};
}

}  // namespace cleave::bench
