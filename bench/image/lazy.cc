// How soon a commit can be used whose pages come when they are touched, and what that costs.
#include <functional>
#include <optional>
#include <string>

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

// Of each, the end is not in the figure.
double eager(const Prepared& image) {
  const Pool pool = must(Pool::create(ByteCount{image.pages() * kPageSize}));
  std::optional<Space> space;
  return milliseconds_for([&] {
    space.emplace(image.eagerly(pool));
    touch(*space, 0);
  });
}

// What is read before the first checkout: which pack has what.
double until_it_is_open(const Prepared& image) {
  std::optional<LazyImages> images;
  return milliseconds_for([&] { images.emplace(image.open()); });
}

double until_a_space_is_read(const Prepared& image) {
  LazyImages images = image.open();
  std::optional<LazyCheckout> lazy;
  return milliseconds_for([&] {
    lazy.emplace(must(images.checkout(image.commit)));
    touch(lazy->space(), 0);
  });
}

// `held`: a checkout of the commit is, as where each of many begins from one state.
double until_an_arena_is_read(const Prepared& image, bool held) {
  LazyImages images = image.open();
  std::optional<LazyCheckout> before;
  if (held) before.emplace(must(images.checkout(image.commit)));
  std::optional<LazyArena> lazy;
  return milliseconds_for([&] {
    lazy.emplace(must(images.checkout_arena(image.commit)));
    touch(lazy->arena(), 0);
  });
}

double eager_arena(const Prepared& image) {
  const Pool pool = must(Pool::create(ByteCount{image.pages() * kPageSize}));
  std::optional<Arena> arena;
  return milliseconds_for([&] {
    arena.emplace(image.eager_arena(pool));
    touch(*arena, 0);
  });
}

Row row_of_first(const Settings& settings, const std::string& of, double most,
                 const std::function<double()>& ours, const std::function<double()>& theirs) {
  const auto [lazily, at_once] = in_turn(runs_of(settings), ours, theirs);
  Row row{.name = "image/first-instruction" + of,
          .unit = "ms",
          .ours = lazily,
          .baseline = "all of it checked out",
          .theirs = at_once};
  row.goals.push_back({fmt::format("{} ms", most), lazily.median() <= most});
  return row;
}

std::vector<Row> first_instruction(const Settings& settings) {
  const Prepared image(pages_of(settings));
  const auto arena = [&](bool held) {
    return [&image, held] { return until_an_arena_is_read(image, held); };
  };
  const auto whole_arena = [&] { return eager_arena(image); };
  std::vector<Row> rows{row_of_first(
                            settings, "", 10, [&] { return until_a_space_is_read(image); },
                            [&] { return eager(image); }),
                        row_of_first(settings, "/arena", 1, arena(false), whole_arena),
                        row_of_first(settings, "/arena/held", 1, arena(true), whole_arena)};
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
          {"image/folder", "objects as large as packs in a folder", objects_of_a_folder},
          {"image/store", "the same in S3 and RADOS, where CLEAVE_BENCH_S3 and _RADOS name them",
           objects_of_stores}};
}

}  // namespace cleave::bench
