// What a stable look at a range costs, against a copy of it.

#include <cstring>
#include <optional>
#include <vector>

#include <cleave/must.h>

#include "bench/io/benchmarks.h"
#include "bench/space/touched.h"
#include "measure/clock.h"

namespace cleave::bench {
namespace {

constexpr ByteCount kHeld = 64_MiB;

double copy_range(const TouchedHeap& from, const TouchedHeap& to) {
  return measure::processor_nanoseconds_for([&] {
    std::memcpy(to.touched_page(0), from.touched_page(0), kHeld.value);
    measure::keep(to.touched_page(0));
  });
}

// Both ends lie amid other pages, so that no node of the table is held whole by chance.
std::vector<Row> hold(const char* name, bool shared, const Settings& settings) {
  const int batches = settings.quick ? 200 : 1000;
  TouchedSpace touched(Extent{kHeld * 4}, 1_MiB);
  const Address from = touched.base + kHeld + 7 * kPageSize;
  std::optional<Space> sharer;
  if (shared) sharer.emplace(must(touched.space.fork()));
  const TouchedHeap source(Extent{kHeld});
  const TouchedHeap copy(Extent{kHeld});
  Samples drops;
  auto [ours, theirs] = in_turn(
      settings.runs(),
      [&] {
        Samples drop;
        const double take = median_of_batches(batches, [&] {
          std::optional<Hold> held;
          const double figure = measure::nanoseconds_for(
              [&] { held.emplace(must(touched.space.hold(from, kHeld))); });
          drop.add(measure::nanoseconds_for([&] { held.reset(); }));
          return figure;
        });
        drops.add(drop.median());
        return take + drop.median();
      },
      [&] { return copy_range(source, copy); });

  Row row{.name = name,
          .unit = "ns",
          .ours = ours,
          .baseline = "memcpy of the range",
          .theirs = theirs};
  row.details["held_bytes"] = kHeld.value;
  row.details["drop"] = drops.median();
  return {row};
}

}  // namespace

std::vector<Benchmark> hold_benchmarks() {
  const auto holding = [](const char* name, const char* what, bool shared) {
    return Benchmark{name, what,
                     [=](const Settings& settings) { return hold(name, shared, settings); }};
  };
  return {
      holding("hold/shared", "a hold of 64 MiB taken and dropped, its pages shared already", true),
      holding("hold/owned", "the same, the pages the space's own", false)};
}

}  // namespace cleave::bench
