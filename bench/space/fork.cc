// What a fork costs: by the size of the space, and with another thread writing to it.

#include <optional>
#include <string>
#include <vector>

#include <cleave/must.h>

#include "bench/space/benchmarks.h"
#include "bench/space/forks.h"
#include "bench/space/touched.h"
#include "bench/space/writer.h"
#include "measure/clock.h"
#include "measure/companion.h"

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

std::vector<Row> fork_by_size(const Size& size, const Settings& settings) {
  const Extent extent = Extent::that_fits(size.mapped);
  measure::Companion kernel(
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

// When the next fork comes.
enum class Pace {
  back_to_back,   // at once: the writer seldom gets to store in between
  after_a_store,  // when the writer has stored again: no fork finds it asleep
  every_200us,    // when the writer has long been at full speed, and its sections are light
};

constexpr std::chrono::microseconds kPeriod(200);

struct Manner {
  const char* name;
  const char* what;
  Pace pace;
};
constexpr Manner kManners[] = {
    {"fork/threads", "forks back to back while another thread writes", Pace::back_to_back},
    {"fork/threads-in-turn", "forks that each wait for a store of the other thread",
     Pace::after_a_store},
    {"fork/threads-paced", "a fork every 200 us while another thread writes: shows the membarrier",
     Pace::every_200us},
};

// Forks one by one, each timed alone with its two looks at the clock; the child is dropped untimed,
// before the next. Waiting is done awake: sleeping would measure how long it takes to wake.
Samples fork_repeatedly(Space& space, Pace pace, int forks, const Writer* writer) {
  Samples each;
  auto due = measure::Clock::now();
  for (int i = 0; i < forks; ++i) {
    if (pace == Pace::after_a_store && writer != nullptr) writer->wait_for_store();
    if (pace == Pace::every_200us) {
      while (measure::Clock::now() < due) {
      }
      due = measure::Clock::now() + kPeriod;
    }
    std::optional<Space> child;
    each.add(measure::nanoseconds_for([&] { child.emplace(must(space.fork())); }));
  }
  return each;
}

std::vector<Row> fork_beside_a_writer(const Manner& manner, const Settings& settings) {
  const int forks = settings.quick ? 1'000 : 10'000;
  const measure::OnProcessor here(0);
  TouchedSpace touched(Extent{64_MiB}, 64_MiB);
  Samples means;
  Samples tails;
  Samples tails_alone;
  Samples stores_per_fork;
  auto [ours, theirs] = in_turn(
      settings.runs(),
      [&] {
        const Writer writer(touched.space, touched.base, 1);
        const std::uint64_t before = writer.stores();
        const Samples each = fork_repeatedly(touched.space, manner.pace, forks, &writer);
        stores_per_fork.add(static_cast<double>(writer.stores() - before) / forks);
        means.add(each.mean());
        tails.add(each.quantile(0.99));
        return each.median();
      },
      [&] {
        const Samples each = fork_repeatedly(touched.space, manner.pace, forks, nullptr);
        tails_alone.add(each.quantile(0.99));
        return each.median();
      });

  Row row{.name = manner.name,
          .unit = "ns",
          .ours = ours,
          .baseline = "the same forks without a writer",
          .theirs = theirs};
  if (manner.pace != Pace::every_200us) {
    row.goals.push_back({"under 5 us", ours.median() < 5000});
  }
  row.details["mean"] = means.median();
  row.details["p99"] = tails.median();
  row.details["baseline_p99"] = tails_alone.median();
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
  for (const Manner& manner : kManners) {
    all.push_back({manner.name, manner.what, [manner](const Settings& settings) {
                     return fork_beside_a_writer(manner, settings);
                   }});
  }
  return all;
}

}  // namespace cleave::bench
