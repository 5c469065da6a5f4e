// By the pages that changed at random in 1 GiB: a page's share should stay what it is.
#include <string>
#include <vector>

#include <cleave/must.h>

#include "bench/arena/touched_arena.h"
#include "bench/scale/benchmarks.h"
#include "bench/scale/point.h"
#include "measure/clock.h"

namespace cleave::bench {
namespace {

struct Shares {
  double writing, committing, reverting, differing;
};

// What an epoch of `changed` pages costs, part by part.
Shares epoch(TouchedArena& touched, PageSets& sets) {
  Samples writing;
  Samples committing;
  Samples reverting;
  Samples differing;
  const auto write_set = [&](std::uint64_t value) {
    for (const std::uint64_t n : sets.next().order) touched.write(n, value);
  };
  (void)median_for_a_while([&] {
    const Commit before = touched.arena.head();
    writing.add(measure::processor_nanoseconds_for([&] { write_set(writing.runs()); }));
    committing.add(measure::processor_nanoseconds_for([&] { (void)must(touched.arena.commit()); }));
    differing.add(measure::processor_nanoseconds_for([&] {
      must(touched.arena.diff(before, touched.arena.head(),
                              [](std::span<const std::byte> run) { measure::keep(run); }));
    }));
    write_set(~writing.runs());
    reverting.add(measure::processor_nanoseconds_for([&] { must(touched.arena.revert()); }));
    return 0.0;
  });
  return {writing.median(), committing.median(), reverting.median(), differing.median()};
}

std::vector<Row> changes(const Settings& settings) {
  const Extent extent{settings.quick ? 64_MiB : 1_GiB};
  std::vector<Row> rows;
  for (const std::uint64_t changed : {1U, 10U, 100U, 1'000U, 10'000U, 100'000U}) {
    if (changed > extent.pages() / 2) break;
    TouchedArena touched(extent, {.tracking = Tracking::async}, 3 * changed * kPageSize);
    must(touched.pool.reserve(2 * changed * kPageSize));
    PageSets sets(changed, extent.pages());
    Samples writing;
    Samples committing;
    Samples reverting;
    Samples differing;
    for (int run = 0; run <= settings.runs(); ++run) {
      const Shares shares = epoch(touched, sets);
      if (run == 0) continue;  // it warms the caches
      writing.add(shares.writing);
      committing.add(shares.committing);
      reverting.add(shares.reverting);
      differing.add(shares.differing);
    }
    rows.push_back(point("changes/write", changed, writing));
    rows.push_back(point("changes/commit", changed, committing));
    rows.push_back(point("changes/revert", changed, reverting));
    rows.push_back(point("changes/diff", changed, differing));
  }
  return rows;
}

}  // namespace

std::vector<Benchmark> scale_by_changes_benchmarks() {
  return {{"scale/changes", "writing, commit, revert and diff, by the pages changed in 1 GiB",
           [](const Settings& settings) -> std::vector<Row> {
             if (!try_tracking(Tracking::async)) return {};
             return changes(settings);
           }}};
}

}  // namespace cleave::bench
