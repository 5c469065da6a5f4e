// What a commit holds its program up for, against fork(2).

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <cleave/must.h>

#include "bench/arena/benchmarks.h"
#include "bench/arena/cells.h"
#include "bench/arena/touched_arena.h"
#include "measure/clock.h"
#include "measure/companion.h"

namespace cleave::bench {
namespace {

// Fewer than elsewhere: all of them stay.
constexpr unsigned kCommitsKept = 3;

// The commit before goes untimed, as a child of fork(2) does; its frames are free again.
double commit_changed(TouchedArena& touched, PageSets& sets, Samples& drops) {
  return median_for_a_while([&] {
    std::optional<Commit> before = touched.arena.head();
    for (const std::uint64_t n : sets.next().order) touched.write(n, n);
    const double figure =
        measure::processor_nanoseconds_for([&] { (void)must(touched.arena.commit()); });
    drops.add(measure::processor_nanoseconds_for([&] { before.reset(); }));
    return figure;
  });
}

// All commits stay alive, so that each takes frames that the pool never had.
double commit_into_new_memory(TouchedArena& touched, PageSets& sets, std::vector<Commit>& kept) {
  Samples figures;
  for (unsigned i = 0; i < kCommitsKept; ++i) {
    for (const std::uint64_t n : sets.next().order) touched.write(n, n);
    figures.add(
        measure::processor_nanoseconds_for([&] { kept.push_back(must(touched.arena.commit())); }));
  }
  return figures.median();
}

double fork_with_a_heap() {
  return median_for_a_while([] {
    pid_t child = 0;
    const double pause = measure::processor_nanoseconds_for([&] {
      child = fork();
      if (child == 0) _exit(0);
    });
    measure::must_hold(child > 0, "fork(2) failed; is there enough memory?");
    measure::wait_for_process(child);
    return pause;
  });
}

Row commit_row(const Cell& cell, const char* how, Samples ours, Samples theirs) {
  Row row{.name = cell.name("commit") + '/' + how,
          .unit = "ns",
          .ours = std::move(ours),
          .baseline = "fork(2) as its parent sees it",
          .theirs = std::move(theirs)};
  if (cell.has_goals() && std::string_view(how) == "async") {
    row.goals.push_back({"20 times", row.ratio() >= 20});
  }
  row.details["changed_pages"] = cell.changed;
  row.details["ns_per_changed_page"] = row.ours.median() / static_cast<double>(cell.changed);
  return row;
}

Row commit_by(Tracking tracking, const Cell& cell, const Extent& extent, measure::Companion& kernel,
              const Settings& settings) {
  const ByteCount spare = 2 * cell.changed * kPageSize;
  TouchedArena touched(extent, {.tracking = tracking}, spare);
  must(touched.pool.reserve(spare));
  PageSets sets(cell.changed, extent.touched_pages());
  Samples drops;
  auto [ours, theirs] = in_turn(
      settings.runs(), [&] { return commit_changed(touched, sets, drops); },
      [&] { return kernel.measure(); });
  Row row = commit_row(cell, name(tracking), std::move(ours), std::move(theirs));
  row.details["drop"] = drops.median();
  return row;
}

Row commit_while_the_pool_grows(const Cell& cell, const Extent& extent, measure::Companion& kernel,
                                const Settings& settings) {
  const auto commits = kCommitsKept * static_cast<std::uint64_t>(settings.runs() + 1);
  TouchedArena touched(extent, {}, commits * cell.changed * kPageSize);
  PageSets sets(cell.changed, extent.touched_pages());
  std::vector<Commit> kept;
  auto [ours, theirs] = in_turn(
      settings.runs(), [&] { return commit_into_new_memory(touched, sets, kept); },
      [&] { return kernel.measure(); });
  return commit_row(cell, "new-memory", std::move(ours), std::move(theirs));
}

std::vector<Row> commit(const Cell& cell, const Settings& settings) {
  // The heap over there, the arena and what its first commit holds.
  const Extent extent = cell.extent(3);
  measure::Companion kernel([&] {
    return [heap = std::make_shared<TouchedHeap>(extent)] { return fork_with_a_heap(); };
  });
  std::vector<Row> rows;
  for (const Tracking tracking : trackings()) {
    if (!try_tracking(tracking)) continue;
    rows.push_back(commit_by(tracking, cell, extent, kernel, settings));
  }
  rows.push_back(commit_while_the_pool_grows(cell, extent, kernel, settings));
  return rows;
}

}  // namespace

std::vector<Benchmark> arena_commit_benchmarks() {
  return for_each_cell("commit", "a commit of pages changed at random, against fork(2)", commit);
}

}  // namespace cleave::bench
