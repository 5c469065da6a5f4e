// What is reserved and not used must cost nothing: 64 MiB in use, of a size that grows.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include <cleave/must.h>

#include "bench/arena/touched_arena.h"
#include "bench/scale/benchmarks.h"
#include "bench/scale/point.h"
#include "measure/clock.h"

namespace cleave::bench {
namespace {

constexpr std::array kMiB = {1, 16, 256, 1024, 4096, 16384, 65536};
constexpr std::uint64_t kInUse = 16384;  // pages

Extent sparsely(ByteCount size) {
  return {size, std::max<std::uint64_t>(size.value / kPageSize / kInUse, 1)};
}

double fork_of(TouchedSpace& touched) {
  return median_for_a_while([&] {
    std::optional<Space> child;
    return measure::nanoseconds_for([&] { child.emplace(must(touched.space.fork())); });
  });
}

double first_write_in(TouchedSpace& touched) {
  const Space child = must(touched.space.fork());
  std::uint64_t n = 0;
  const std::array<std::byte, 8> word{};
  Samples each;
  for (int i = 0; i < 500; ++i) {
    n = (n + 7919) % touched.extent.touched_pages();
    each.add(measure::nanoseconds_for(
        [&] { must(touched.space.write(touched.touched_page(n), word)); }));
  }
  return each.median();
}

std::vector<Row> spaces_by_size(const Settings& settings) {
  std::vector<Row> rows;
  for (const std::uint64_t mib : kMiB) {
    if (settings.quick && mib > 256) break;
    TouchedSpace touched(sparsely(mib << 20), 64_MiB);
    auto [forks, writes] = in_turn(
        settings.runs(), [&] { return fork_of(touched); }, [&] { return first_write_in(touched); });
    rows.push_back(point("size/fork", mib << 20, forks));
    rows.push_back(point("size/first-write", mib << 20, writes));
  }
  return rows;
}

// An epoch in which a single page changes, and what ends it.
double commit_one(TouchedArena& touched) {
  return median_for_a_while([&] {
    touched.write(1, 1);
    return measure::processor_nanoseconds_for([&] { (void)must(touched.arena.commit()); });
  });
}
double revert_one(TouchedArena& touched) {
  return median_for_a_while([&] {
    touched.write(1, 1);
    return measure::processor_nanoseconds_for([&] { must(touched.arena.revert()); });
  });
}

std::vector<Row> arenas(Tracking tracking, const Settings& settings) {
  std::vector<Row> rows;
  if (!try_tracking(tracking)) return rows;
  for (const std::uint64_t mib : kMiB) {
    if (settings.quick && mib > 256) break;
    TouchedArena touched(sparsely(mib << 20), {.tracking = tracking}, 64_MiB);
    const Commit first = touched.arena.head();
    auto [commits, reverts, diffs] = in_turn(
        settings.runs(), [&] { return commit_one(touched); }, [&] { return revert_one(touched); },
        [&] {
          return median_for_a_while([&] {
            return measure::processor_nanoseconds_for([&] {
              must(touched.arena.diff(first, touched.arena.head(),
                                      [](std::span<const std::byte> run) { measure::keep(run); }));
            });
          });
        });
    const std::string by = std::string("/") + name(tracking);
    rows.push_back(point("size/commit" + by, mib << 20, commits));
    rows.push_back(point("size/revert" + by, mib << 20, reverts));
    if (tracking == Tracking::async) rows.push_back(point("size/diff", mib << 20, diffs));
  }
  return rows;
}

}  // namespace

std::vector<Benchmark> scale_by_size_benchmarks() {
  return {
      {"scale/size/spaces", "a fork and a first write, by the size of the space", spaces_by_size},
      {"scale/size/async", "a commit, a revert and a diff, by the size of the arena",
       [](const Settings& settings) { return arenas(Tracking::async, settings); }},
      {"scale/size/sigbus", "a commit and a revert, by the size of the arena",
       [](const Settings& settings) { return arenas(Tracking::sigbus, settings); }}};
}

}  // namespace cleave::bench
