// How soon a commit can be used whose pages come when they are touched, and what that costs.
#include <optional>

#include <fmt/format.h>

#include "bench/image/benchmarks.h"
#include "bench/image/prepared.h"
#include "measure/clock.h"

namespace cleave::bench {
namespace {

std::uint64_t pages_of(const Settings& settings) { return settings.quick ? 1 << 14 : 1 << 18; }

// Each figure is seconds long: three of each do.
int runs_of(const Settings& settings) { return settings.quick ? 2 : 3; }

template <class Work>
double milliseconds_for(Work work) {
  return measure::nanoseconds_for(work) / 1e6;
}

double eager(const Prepared& image) {
  const Pool pool = must(Pool::create(ByteCount{image.pages() * kPageSize}));
  return milliseconds_for([&] { touch(image.eagerly(pool), 0); });
}

// What is read before the first checkout: which pack has what.
double until_it_is_open(const Prepared& image) {
  std::optional<LazyImages> images;
  return milliseconds_for([&] { images.emplace(image.open()); });
}

double until_a_space_is_read(const Prepared& image) {
  LazyImages images = image.open();
  return milliseconds_for([&] {
    LazyCheckout lazy = must(images.checkout(image.commit));
    touch(lazy.space(), 0);
  });
}

double until_an_arena_is_read(const Prepared& image) {
  LazyImages images = image.open();
  return milliseconds_for([&] {
    LazyArena lazy = must(images.checkout_arena(image.commit));
    touch(lazy.arena(), 0);
  });
}

double eager_arena(const Prepared& image) {
  const Pool pool = must(Pool::create(ByteCount{image.pages() * kPageSize}));
  return milliseconds_for([&] {
    Arena arena = image.eager_arena(pool);
    touch(arena, 0);
  });
}

std::vector<Row> first_instruction(const Settings& settings) {
  const Prepared image(pages_of(settings));
  std::vector<Row> rows;
  for (const bool arena : {false, true}) {
    const auto [ours, theirs] = in_turn(
        runs_of(settings),
        [&] { return arena ? until_an_arena_is_read(image) : until_a_space_is_read(image); },
        [&] { return arena ? eager_arena(image) : eager(image); });
    Row row{.name = arena ? "image/first-instruction/arena" : "image/first-instruction",
            .unit = "ms",
            .ours = ours,
            .baseline = "all of it checked out",
            .theirs = theirs};
    const double most = arena ? 1 : 10;
    row.goals.push_back({arena ? "1 ms" : "10 ms", ours.median() <= most});
    rows.push_back(row);
  }
  Row open{.name = "image/first-instruction/open", .unit = "ms"};
  for (int run = 0; run < runs_of(settings); ++run) open.ours.add(until_it_is_open(image));
  rows.push_back(open);
  return rows;
}

// The time from the checkout to the last of the pages, recalled first or not.
double touched(const Prepared& image, const std::vector<std::uint64_t>& pages, bool recalled,
               bool cold) {
  LazyImages images = image.open();
  LazyCheckout lazy = must(images.checkout(image.commit));
  if (cold) image.cool();
  return milliseconds_for([&] {
    if (recalled) must(lazy.recall());
    for (const std::uint64_t page : pages) touch(lazy.space(), page);
  });
}

double touched_in_arena(const Prepared& image, const std::vector<std::uint64_t>& pages,
                        bool recalled, bool cold) {
  LazyImages images = image.open();
  LazyArena lazy = must(images.checkout_arena(image.commit));
  if (cold) image.cool();
  return milliseconds_for([&] {
    if (recalled) must(lazy.recall());
    for (const std::uint64_t page : pages) touch(lazy.arena(), page);
  });
}

std::vector<Row> touch_some(const Settings& settings) {
  std::vector<Row> rows;
  for (const std::uint64_t percent : {1, 10}) {
    const Prepared image(pages_of(settings));
    const auto pages = image.some(image.pages() * percent / 100);
    {
      LazyImages images = image.open();
      LazyCheckout lazy = must(images.checkout(image.commit));
      for (const std::uint64_t page : pages) touch(lazy.space(), page);
      must(lazy.remember());
    }
    for (const auto& [kind, cold] : {std::pair("", false), std::pair("", true),
                                     std::pair("/arena", false), std::pair("/arena", true)}) {
      const auto touch_pages = *kind == '\0' ? touched : touched_in_arena;
      const auto [ours, theirs] = in_turn(
          runs_of(settings), [&, cold = cold] { return touch_pages(image, pages, true, cold); },
          [&, cold = cold] { return touch_pages(image, pages, false, cold); });
      Row row{.name = fmt::format("image/touch-{}%{}{}", percent, cold ? "-cold" : "", kind),
              .unit = "ms",
              .ours = ours,
              .baseline = "the same pages as they are touched, not recorded before",
              .theirs = theirs};
      if (cold) row.goals.push_back({"2 times", row.ratio() >= 2});
      rows.push_back(row);
    }
  }
  return rows;
}

std::vector<Row> touch_all(const Settings& settings) {
  const Prepared image(pages_of(settings));
  const auto [ours, theirs] = in_turn(
      runs_of(settings),
      [&] {
        LazyImages images = image.open();
        return milliseconds_for([&] {
          LazyCheckout lazy = must(images.checkout(image.commit));
          must(lazy.complete());
        });
      },
      [&] { return eager(image); });
  Row row{.name = "image/touch-100%",
          .unit = "ms",
          .ours = ours,
          .baseline = "all of it checked out",
          .theirs = theirs};
  row.goals.push_back({"at most 1.5 times as long", row.ratio() >= 1 / 1.5});
  return {row};
}

}  // namespace

std::vector<Benchmark> image_benchmarks() {
  return {{"image/first-instruction", "until a lazily restored page is read", first_instruction},
          {"image/touch", "1 % and 10 % of the pages, recorded or as they come", touch_some},
          {"image/touch-100%", "all pages of a lazily restored space", touch_all},
          {"image/push", "the first push of a heap", push_first},
          {"image/push-one-row", "pushing an SQLite heap with one row changed", push_one_row},
          {"image/push-delete-1%", "the same with a row in a hundred gone", push_deleted},
          {"image/folder", "objects as large as packs in a folder", objects_of_a_folder}};
}

}  // namespace cleave::bench
