// What a fork costs: by the size of the space, and with another thread writing to it.

#include <optional>
#include <string>
#include <vector>

#include "bench/bench.h"
#include "bench/clock.h"
#include "bench/companion.h"
#include "bench/touched.h"
#include "bench/writer.h"

namespace cleave::bench {
namespace {

struct Size {
  const char* name;
  ByteCount mapped;
};
constexpr Size kSmallest{"1MiB", 1_MiB};
constexpr Size kSizes[] = {kSmallest,       {"16MiB", 16_MiB}, {"256MiB", 256_MiB},
                           {"1GiB", 1_GiB}, {"4GiB", 4_GiB},   {"16GiB", 16_GiB}};
constexpr ByteCount kLargestQuick = 256_MiB;

// The median of batches of a hundred forks that stay alive: one fork is too short for the clock. The
// children are dropped outside of the time.
double fork_space(Space& space) {
  constexpr int kBatches = 20;
  constexpr int kForks = 100;
  Samples batches;
  for (int batch = 0; batch < kBatches; ++batch) {
    std::vector<Space> children;
    children.reserve(kForks);
    batches.add(nanoseconds_for([&] {
                  for (int i = 0; i < kForks; ++i) children.push_back(must(space.fork()));
                }) /
                kForks);
  }
  return batches.median();
}

// As the parent sees it, which is when it can go on. The child exits at once.
double fork_process() {
  constexpr int kForks = 5;
  Samples forks;
  for (int i = 0; i < kForks; ++i) {
    const auto start = Clock::now();
    const pid_t child = fork();
    if (child == 0) _exit(0);
    forks.add(nanoseconds_since(start));
    must_hold(child > 0, "fork(2) failed; is there enough memory?");
    wait_for_process(child);
  }
  return forks.median();
}

std::vector<Row> fork_by_size(const Size& size, const Settings& settings) {
  const Extent extent = Extent::that_fits(size.mapped);
  Companion kernel(
      [&] { return [heap = std::make_shared<TouchedHeap>(extent)] { return fork_process(); }; });
  TouchedSpace touched(extent, 0);
  auto [ours, theirs] = in_turn(
      settings.runs(), [&] { return fork_space(touched.space); }, [&] { return kernel.measure(); });

  Row row{.name = std::string("fork/") + size.name,
          .unit = "ns",
          .ours = ours,
          .baseline = "fork(2) of the same touched heap, 4 KiB pages",
          .theirs = theirs};
  row.goals.push_back({"under 1 us", ours.median() < 1000});
  if (size.mapped == 1_GiB) row.goals.push_back({"10,000 times", row.ratio() >= 10'000});
  row.details["mapped_bytes"] = extent.mapped.value;
  row.details["touched_bytes"] = extent.touched().value;
  return {row};
}

std::vector<Row> fork_is_flat(const Settings& settings) {
  ByteCount mapped = 0;
  for (const Size& size : kSizes) {
    if (!settings.quick || size.mapped <= kLargestQuick) mapped = size.mapped;
  }
  TouchedSpace largest(Extent::that_fits(mapped), 0);
  TouchedSpace smallest(Extent{kSmallest.mapped}, 0);
  auto [ours, theirs] = in_turn(
      settings.runs(), [&] { return fork_space(largest.space); },
      [&] { return fork_space(smallest.space); });

  Row row{.name = "fork/flat",
          .unit = "ns",
          .ours = ours,
          .baseline = "our fork of the smallest space, 1 MiB",
          .theirs = theirs};
  row.goals.push_back({"at most 2 times the smallest", row.ratio() >= 0.5});
  row.details["mapped_bytes"] = mapped.value;
  row.details["touched_bytes"] = largest.extent.touched().value;
  return {row};
}

struct Pace {
  const char* name;
  std::chrono::microseconds period;  // 0: back to back
};

// Forks one by one, each timed alone with its two looks at the clock. The child is dropped before the
// next fork, untimed.
Samples fork_repeatedly(Space& space, const Pace& pace, int forks) {
  Samples each;
  auto due = Clock::now();
  for (int i = 0; i < forks; ++i) {
    while (Clock::now() < due) {  // awake: sleeping would measure how long waking takes
    }
    due += pace.period;
    std::optional<Space> child;
    each.add(nanoseconds_for([&] { child.emplace(must(space.fork())); }));
  }
  return each;
}

std::vector<Row> fork_beside_a_writer(const Pace& pace, const Settings& settings) {
  const int forks = settings.quick ? 2'000 : 20'000;
  TouchedSpace touched(Extent{64_MiB}, 64_MiB);
  Samples tail;
  Samples tail_alone;
  Samples stores_per_fork;
  auto [ours, theirs] = in_turn(
      settings.runs(),
      [&] {
        const Writer writer(touched.space, touched.base);
        const Samples each = fork_repeatedly(touched.space, pace, forks);
        stores_per_fork.add(static_cast<double>(writer.stores()) / forks);
        tail.add(each.quantile(0.99));
        return each.median();
      },
      [&] {
        const Samples each = fork_repeatedly(touched.space, pace, forks);
        tail_alone.add(each.quantile(0.99));
        return each.median();
      });

  Row row{.name = pace.name,
          .unit = "ns",
          .ours = ours,
          .baseline = "the same forks with nobody writing",
          .theirs = theirs};
  if (pace.period.count() == 0) row.goals.push_back({"under 5 us", ours.median() < 5000});
  row.details["p99"] = tail.median();
  row.details["baseline_p99"] = tail_alone.median();
  row.details["stores_per_fork"] = stores_per_fork.median();
  row.details["forks_per_run"] = forks;
  return {row};
}

}  // namespace

std::vector<Benchmark> fork_benchmarks() {
  std::vector<Benchmark> all;
  for (const Size& size : kSizes) {
    all.push_back({std::string("fork/") + size.name, "Space::fork() against fork(2)",
                   [size](const Settings& settings) -> std::vector<Row> {
                     if (settings.quick && size.mapped > kLargestQuick) return {};
                     return fork_by_size(size, settings);
                   }});
  }
  all.push_back({"fork/flat", "the largest space's fork against the smallest's", fork_is_flat});
  for (const Pace& pace : {Pace{"fork/threads", std::chrono::microseconds(0)},
                           Pace{"fork/threads-paced", std::chrono::microseconds(200)}}) {
    all.push_back(
        {pace.name,
         pace.period.count() == 0
             ? "forks back to back while another thread writes"
             : "a fork every 200 us while another thread writes: the price of a membarrier",
         [pace](const Settings& settings) { return fork_beside_a_writer(pace, settings); }});
  }
  return all;
}

}  // namespace cleave::bench
