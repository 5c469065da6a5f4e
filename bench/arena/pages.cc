// What an arena costs a page: at the first write after a commit or checkout, and at a checkout
// across branches.

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <cleave/must.h>

#include "bench/arena/benchmarks.h"
#include "bench/arena/cells.h"
#include "bench/arena/touched_arena.h"
#include "measure/clock.h"
#include "measure/companion.h"

namespace cleave::bench {
namespace {

Extent extent_for(const Settings& settings) { return {settings.quick ? 64_MiB : 1_GiB}; }

// A page's share of an epoch's first writes.
template <class Side>
double write_set(Side& side, const PageSets::Set& set) {
  return measure::processor_nanoseconds_for([&] {
           for (const std::uint64_t n : set.order) side.write(n, n);
         }) /
         static_cast<double>(set.order.size());
}

// The child lives until the writes are done: every page is shared when it is written.
double write_after_fork(TouchedHeap& heap, PageSets& sets) {
  const pid_t child = measure::start_process([] { (void)pause(); });
  const double figure = write_set(heap, sets.next());
  (void)kill(child, SIGKILL);
  measure::wait_for_process(child);
  return figure;
}

std::vector<Row> first_write(Tracking tracking, const Settings& settings) {
  if (!try_tracking(tracking)) return {};
  const Extent extent = extent_for(settings);
  const std::uint64_t pages = extent.pages() / 16;
  measure::Companion kernel([&] {
    struct Side {
      TouchedHeap heap;
      PageSets sets;
    };
    auto side =
        std::shared_ptr<Side>(new Side{TouchedHeap(extent), PageSets(pages, extent.pages())});
    return [side] {
      return median_of_batches(3, [&] { return write_after_fork(side->heap, side->sets); });
    };
  });
  TouchedArena touched(extent, {.tracking = tracking}, 0);
  PageSets sets(pages, extent.pages());
  Samples reverts;
  auto [ours, theirs] = in_turn(
      settings.runs(),
      [&] {
        return median_of_batches(3, [&] {
          const double figure = write_set(touched, sets.next());
          reverts.add(measure::processor_nanoseconds_for([&] { must(touched.arena.revert()); }));
          return figure;
        });
      },
      [&] { return kernel.measure(); });

  Row row{.name = std::string("first-write/") + name(tracking),
          .unit = "ns",
          .ours = ours,
          .baseline = "the kernel's copy-on-write fault after fork(2)",
          .theirs = theirs};
  if (tracking == Tracking::async) row.goals.push_back({"below the kernel's", row.ratio() > 1});
  row.details["pages"] = pages;
  row.details["revert_per_page"] = reverts.median() / static_cast<double>(pages);
  return {row};
}

void write_and_commit(TouchedArena& touched, const PageSets::Set& set, std::uint64_t value,
                      const char* name) {
  for (const std::uint64_t n : set.order) touched.write(n, value);
  (void)must(touched.arena.commit(name));
}

// There and back again, each once; a page's share.
double cross(Arena& arena, std::uint64_t differing) {
  const Commit left = *arena.find("left");
  const Commit right = *arena.find("right");
  return median_for_a_while([&] {
    return measure::processor_nanoseconds_for([&] {
             must(arena.checkout(left));
             must(arena.checkout(right));
           }) /
           2 / static_cast<double>(differing);
  });
}

double copy_pages(const TouchedHeap& from, const TouchedHeap& to, PageSets& sets) {
  return median_for_a_while([&] {
    const PageSets::Set& set = sets.next();
    return measure::processor_nanoseconds_for([&] {
             for (const std::uint64_t n : set.sorted) {
               std::memcpy(to.touched_page(n), from.touched_page(n), kPageSize);
               measure::keep(to.touched_page(n));
             }
           }) /
           static_cast<double>(set.sorted.size());
  });
}

std::vector<Row> checkout_across(std::uint64_t differing, const Settings& settings) {
  const Extent extent = extent_for(settings);
  if (differing > extent.pages() / 2) return {};
  const TouchedHeap from(extent);
  const TouchedHeap to(extent);
  PageSets sets(differing, extent.pages());
  TouchedArena touched(extent, {}, 3 * differing * kPageSize);
  Arena& arena = touched.arena;
  const PageSets::Set& changed = sets.next();
  const Commit trunk = arena.head();
  write_and_commit(touched, changed, 1, "left");
  must(arena.checkout(trunk));
  write_and_commit(touched, changed, 2, "right");
  Samples alone;
  auto [ours, theirs] = in_turn(
      settings.runs(),
      [&] {
        alone.add(median_for_a_while(
            [&] { return measure::processor_nanoseconds_for([&] { must(arena.revert()); }); }));
        return cross(arena, differing);
      },
      [&] { return copy_pages(from, to, sets); });

  Row row{.name = "checkout/across/" + std::to_string(differing),
          .unit = "ns",
          .ours = ours,
          .baseline = "memcpy of as many pages, spread as far, a page's share",
          .theirs = theirs};
  row.details["mapped_bytes"] = extent.mapped.value;
  row.details["whole"] = ours.median() * static_cast<double>(differing);
  row.details["whole_with_nothing_to_do"] = alone.median();
  return {row};
}

}  // namespace

std::vector<Benchmark> arena_pages_benchmarks() {
  std::vector<Benchmark> all;
  for (const Tracking tracking : trackings()) {
    all.push_back({std::string("first-write/") + name(tracking),
                   "first writes to pages of an arena, against a fault after fork(2)",
                   [=](const Settings& settings) { return first_write(tracking, settings); }});
  }
  for (const std::uint64_t differing : {1U, 10U, 100U, 1000U, 10'000U, 100'000U}) {
    all.push_back({"checkout/across/" + std::to_string(differing),
                   "going between two branches that differ in so many pages",
                   [=](const Settings& settings) { return checkout_across(differing, settings); }});
  }
  return all;
}

}  // namespace cleave::bench
