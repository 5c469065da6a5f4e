// Accesses to pages that are in memory, in a pool that could have had them elsewhere.

#include <memory>
#include <utility>
#include <vector>

#include <cleave/accessor.h>
#include <cleave/backing/compressed.h>
#include <cleave/must.h>
#include <cleave/space.h>

#include "bench/backing/benchmarks.h"
#include "measure/clock.h"

namespace cleave::bench {
namespace {

using namespace cleave::literals;

// As access/load8 does: eight pages, each access on the next page.
constexpr std::uint64_t kBytes = 32 << 10;

struct Side {
  explicit Side(Pool made) : pool(std::move(made)) {
    for (std::uint64_t at = 0; at < kBytes; at += kPageSize) must(accessor.store(base + at, at));
  }

  // Nanoseconds an access.
  template <class Access>
  double measure(int batches, Access access) {
    constexpr int kTimes = 20'000;
    return median_of_batches(batches, [&] {
      return measure::nanoseconds_for([&] {
               std::uint64_t sum = 0;
               std::uint64_t offset = 0;
               for (int i = 0; i < kTimes; ++i) {
                 sum += access(accessor, base + offset);
                 offset = (offset + kPageSize + sizeof(std::uint64_t)) & (kBytes - 1);
               }
               measure::keep(sum);
             }) /
             kTimes;
    });
  }

  Pool pool;
  Space space = must(Space::create(pool));
  Address base = must(space.map(kBytes));
  Accessor accessor = must(space.accessor());
};

template <class Access>
Row row_of(const char* name, const Settings& settings, Access access) {
  const int batches = settings.quick ? 50 : 500;
  // New pools each run: where their memory happens to lie changes a store by up to 2 %, either way.
  const auto [ours, theirs] = in_turn(
      settings.runs(),
      [&] {
        return Side(must(Pool::create(64_MiB, must(compressed({.bytes = 16_MiB})))))
            .measure(batches, access);
      },
      [&] { return Side(must(Pool::create(64_MiB))).measure(batches, access); });
  Row row{.name = name,
          .unit = "ns",
          .ours = ours,
          .baseline = "the same accesses in a pool without a backing",
          .theirs = theirs};
  row.goals.push_back({"no more than the spread", ours.median() <= theirs.max()});
  return row;
}

std::vector<Row> away_hit(const Settings& settings) {
  return {
      row_of("away/hit/load8", settings,
             [](Accessor& accessor, Address at) { return must(accessor.load<std::uint64_t>(at)); }),
      row_of("away/hit/store8", settings, [](Accessor& accessor, Address at) {
        must(accessor.store(at, raw(at)));
        return std::uint64_t{0};
      })};
}

}  // namespace

std::vector<Benchmark> hit_benchmarks() {
  return {{"away/hit", "loads and stores with a backing, and nothing away", away_hit}};
}

}  // namespace cleave::bench
