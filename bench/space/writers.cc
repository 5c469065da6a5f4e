// What forks cost threads that write meanwhile.

#include <string>
#include <vector>

#include <cleave/must.h>

#include "bench/space/benchmarks.h"
#include "bench/space/touched.h"
#include "bench/space/writer.h"
#include "measure/clock.h"

namespace cleave::bench {
namespace {

constexpr std::chrono::milliseconds kForkPeriod(1);
constexpr Extent kExtent{64_MiB};

// A thousand times a second, asleep in between. With `forks` false it wakes as often and does
// nothing.
std::uint64_t fork_for(std::chrono::milliseconds duration, Space& space, bool forks) {
  std::uint64_t forked = 0;
  const auto end = measure::Clock::now() + duration;
  for (auto due = measure::Clock::now(); due < end; due += kForkPeriod) {
    std::this_thread::sleep_until(due);
    if (!forks) continue;
    (void)must(space.fork());
    ++forked;
  }
  return forked;
}

// Each writer's pages lie in nodes of their own: they share the table's upper levels only.
Address first_page(const TouchedSpace& touched, unsigned writer) {
  return touched.base + (kExtent.mapped.value / 2) * writer;
}

struct Pass {
  double stores_per_second;
  double forks_per_second;
};

Pass run(TouchedSpace& touched, bool forks, std::chrono::milliseconds duration) {
  Writer first(touched.space, first_page(touched, 0), 0);
  Writer second(touched.space, first_page(touched, 1), 1);
  const std::uint64_t before = first.stores() + second.stores();
  std::uint64_t forked = 0;
  const double seconds =
      measure::nanoseconds_for([&] { forked = fork_for(duration, touched.space, forks); }) / 1e9;
  const std::uint64_t stored = first.stores() + second.stores() - before;
  return {static_cast<double>(stored) / seconds, static_cast<double>(forked) / seconds};
}

// In a pass of its own: looking at the clock would slow down the stores that are counted.
Samples latencies(TouchedSpace& touched, bool forks, std::chrono::milliseconds duration) {
  Writer first(touched.space, first_page(touched, 0), 0, Writer::Watch::latency);
  Writer second(touched.space, first_page(touched, 1), 1, Writer::Watch::nothing);
  (void)fork_for(duration, touched.space, forks);
  second.stop();
  return first.stop();
}

std::vector<Row> writers_and_forks(const Settings& settings) {
  const std::chrono::milliseconds duration(settings.quick ? 200 : 1000);
  TouchedSpace touched(kExtent, 16_MiB);
  Samples rate;
  auto [ours, theirs] = in_turn(
      settings.runs(),
      [&] {
        const Pass pass = run(touched, true, duration);
        rate.add(pass.forks_per_second);
        return pass.stores_per_second;
      },
      [&] { return run(touched, false, duration).stores_per_second; });

  Row row{.name = "writers/forks-1kHz",
          .unit = "stores/s",
          .ours = ours,
          .baseline = "the same two writers with no forks",
          .theirs = theirs,
          .more_is_better = true};
  row.goals.push_back({"0.8 of the throughput", row.ratio() >= 0.8});
  row.details["forks_per_second"] = rate.median();
  for (const bool forks : {true, false}) {
    const Samples each = latencies(touched, forks, duration);
    const std::string of = forks ? "store_ns_" : "baseline_store_ns_";
    row.details[of + "p50"] = each.quantile(0.5);
    row.details[of + "p99"] = each.quantile(0.99);
    row.details[of + "p99.9"] = each.quantile(0.999);
    row.details[of + "max"] = each.max();
  }
  return {row};
}

}  // namespace

std::vector<Benchmark> writers_benchmarks() {
  return {{"writers/forks-1kHz", "two writers while a third thread forks 1,000 times a second",
           writers_and_forks}};
}

}  // namespace cleave::bench
