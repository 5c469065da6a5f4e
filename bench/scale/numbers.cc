// By what is alive: the ten thousandth commit, or fork, should cost what the tenth did.
#include <optional>
#include <vector>

#include <cleave/must.h>

#include "bench/arena/touched_arena.h"
#include "bench/scale/benchmarks.h"
#include "bench/scale/point.h"
#include "measure/clock.h"

namespace cleave::bench {
namespace {

constexpr std::uint64_t kMost = 1'000'000;
constexpr ByteCount kEach = 8_KiB;  // a page, its place in the tree, and its handle

std::uint64_t most(const Settings& settings) { return settings.quick ? kMost / 100 : kMost; }

double used(const Pool& pool) { return static_cast<double>(pool.statistics().used * kPageSize); }

// All commits stay; each changed a page of 64 MiB.
std::vector<Row> commits(const Settings& settings) {
  TouchedArena touched(Extent{64_MiB}, {.tracking = Tracking::software},
                       most(settings) * kEach.value);
  std::vector<Commit> alive;
  const auto change = [&] { touched.write(alive.size() * 7919 % touched.extent.pages(), 1); };
  std::vector<Row> rows;
  const double before = used(touched.pool);
  for (std::uint64_t at = 10; at <= most(settings); at *= 10) {
    while (alive.size() < at) {
      change();
      alive.push_back(must(touched.arena.commit()));
    }
    Samples committing;
    Samples going;
    for (int run = 0; run < settings.runs(); ++run) {
      committing.add(median_for_a_while([&] {
        change();
        std::optional<Commit> made;
        return measure::processor_nanoseconds_for(
            [&] { made.emplace(must(touched.arena.commit())); });
      }));
      going.add(median_for_a_while([&] {
        return measure::processor_nanoseconds_for([&] {
          must(touched.arena.checkout(alive[alive.size() / 2]));
          must(touched.arena.checkout(alive.back()));
        });
      }));
    }
    rows.push_back(point("commits/commit", at, committing));
    rows.push_back(point("commits/half-way-back-and-forth", at, going));
    Samples bytes;
    bytes.add((used(touched.pool) - before) / static_cast<double>(at));
    rows.push_back(point("commits/frames-each", at, bytes, "bytes"));
  }
  return rows;
}

std::vector<Row> spaces(const Settings& settings) {
  TouchedSpace touched(Extent{64_MiB}, 1_MiB);
  std::vector<Space> alive;
  std::vector<Row> rows;
  for (std::uint64_t at = 10; at <= most(settings); at *= 10) {
    while (alive.size() < at) alive.push_back(must(touched.space.fork()));
    Samples forks;
    for (int run = 0; run < settings.runs(); ++run) {
      forks.add(median_for_a_while([&] {
        std::optional<Space> child;
        return measure::nanoseconds_for([&] { child.emplace(must(touched.space.fork())); });
      }));
    }
    rows.push_back(point("spaces/fork", at, forks));
  }
  return rows;
}

}  // namespace

std::vector<Benchmark> scale_by_number_benchmarks() {
  return {{"scale/commits", "a commit, a jump and memory, by the commits alive", commits},
          {"scale/spaces", "a fork, by the spaces alive", spaces}};
}

}  // namespace cleave::bench
