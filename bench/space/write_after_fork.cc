// What the first write to a page costs after a fork.

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>
#include <random>
#include <vector>

#include <cleave/accessor.h>
#include <cleave/must.h>

#include "bench/space/benchmarks.h"
#include "bench/space/touched.h"
#include "measure/clock.h"
#include "measure/companion.h"

namespace cleave::bench {
namespace {

// In which order pages are written. One after the other is a list too, so that both walk the same
// loop.
using Order = std::vector<std::uint32_t>;

Order in_sequence(std::uint64_t pages) {
  Order order(pages);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

Order at_random(std::uint64_t pages) {
  Order order = in_sequence(pages);
  std::shuffle(order.begin(), order.end(), std::mt19937(1));  // the same for all sides and runs
  return order;
}

// Far apart: each write finds a lowest node that is still shared, and copies it for one page.
Order scattered(std::uint64_t pages) {
  constexpr std::uint64_t kApart = 256;
  Order order;
  for (std::uint64_t page = 0; page < pages; page += kApart) {
    order.push_back(static_cast<std::uint32_t>(page));
  }
  return order;
}

template <class Write>
double per_page(const Order& order, Write write) {
  return measure::processor_nanoseconds_for([&] {
           for (const std::uint64_t n : order) write(n);
         }) /
         static_cast<double>(order.size());
}

double write_space(TouchedSpace& touched, Accessor& accessor, const Order& order) {
  return per_page(order,
                  [&](std::uint64_t n) { must(accessor.store(touched.touched_page(n), n)); });
}

double write_heap(const TouchedHeap& heap, const Order& order) {
  return per_page(order, [&](std::uint64_t n) { heap.write(n, n); });
}

// The child lives until the writes are done: every page is shared when it is written.
double write_space_after_fork(TouchedSpace& touched, Accessor& accessor, const Order& order) {
  const Space child = must(touched.space.fork());
  return write_space(touched, accessor, order);
}

double write_heap_after_fork(const TouchedHeap& heap, const Order& order) {
  const pid_t child = measure::start_process([] { (void)pause(); });
  const double figure = write_heap(heap, order);
  (void)kill(child, SIGKILL);
  measure::wait_for_process(child);
  return figure;
}

// What a copy costs at least: from one page to another, neither of which is in the cache.
double copy_pages(const TouchedHeap& from, const TouchedHeap& to, const Order& order) {
  return per_page(order, [&](std::uint64_t n) {
    std::memcpy(to.touched_page(n), from.touched_page(n), kPageSize);
    measure::keep(to.touched_page(n));
  });
}

Extent extent_to_write(const Settings& settings) { return {settings.quick ? 128_MiB : 1_GiB}; }

struct Aim {
  const char* name;
  const char* what;
  Order (*order_of)(std::uint64_t pages);
  bool has_goals;  // scattered writes are what the table is worst at; there the figures speak alone
};

std::vector<Row> write_in_order(const Aim& aim, const Settings& settings) {
  const Extent extent = extent_to_write(settings);
  const Order order = aim.order_of(extent.touched_pages());
  measure::Companion kernel([&] {
    return [heap = std::make_shared<TouchedHeap>(extent), &order] {
      return write_heap_after_fork(*heap, order);
    };
  });
  const TouchedHeap from(extent);
  const TouchedHeap to(extent);
  TouchedSpace touched(extent, extent.touched());
  must(touched.pool.reserve(extent.touched()));
  Accessor accessor = must(touched.space.accessor());
  auto [ours, theirs, copies] = in_turn(
      settings.runs(), [&] { return write_space_after_fork(touched, accessor, order); },
      [&] { return kernel.measure(); }, [&] { return copy_pages(from, to, order); });

  Row row{.name = aim.name,
          .unit = "ns",
          .ours = ours,
          .baseline = "the kernel's copy-on-write fault after fork(2)",
          .theirs = theirs};
  if (aim.has_goals) row.goals.push_back({"4 times", row.ratio() >= 4});
  row.details["pages"] = order.size();
  Row beside{.name = std::string(aim.name) + "/vs-memcpy",
             .unit = "ns",
             .ours = ours,
             .baseline = "memcpy of 4 KiB, neither page in the cache",
             .theirs = copies};
  if (aim.has_goals) beside.goals.push_back({"at most 2 times memcpy", beside.ratio() >= 0.5});
  beside.details["pages"] = order.size();
  return {row, beside};
}

// Every copy needs a page that the kernel has not given us before. Both sides start anew for each
// run; which of these pages the host of a virtual machine has backed before cannot be controlled.
std::vector<Row> write_into_cold_memory(const Settings& settings) {
  const Extent extent{settings.quick ? 64_MiB : 256_MiB};
  const Order order = in_sequence(extent.touched_pages());
  measure::Companion kernel([&] {
    return [&] {
      const TouchedHeap heap(extent);
      return write_heap_after_fork(heap, order);
    };
  });
  auto [ours, theirs] = in_turn(
      settings.runs(),
      [&] {
        TouchedSpace touched(extent, extent.touched());
        Accessor accessor = must(touched.space.accessor());
        return write_space_after_fork(touched, accessor, order);
      },
      [&] { return kernel.measure(); });

  Row row{.name = "write-after-fork/cold-pool",
          .unit = "ns",
          .ours = ours,
          .baseline = "the kernel's copy-on-write fault, in a heap just touched for the first time",
          .theirs = theirs};
  row.details["pages"] = order.size();
  return {row};
}

// The sibling is gone before we write: the pages are ours again, and nothing may be copied.
std::vector<Row> write_when_alone_again(const Settings& settings) {
  const Extent extent = extent_to_write(settings);
  const Order order = in_sequence(extent.touched_pages());
  measure::Companion kernel([&] {
    return [heap = std::make_shared<TouchedHeap>(extent), &order] {
      measure::wait_for_process(measure::start_process([] {}));
      return write_heap(*heap, order);
    };
  });
  TouchedSpace touched(extent, 1_MiB);
  Accessor accessor = must(touched.space.accessor());
  const std::uint64_t copied_before = touched.pool.statistics().copies;
  auto [ours, theirs] = in_turn(
      settings.runs(),
      [&] {
        (void)must(touched.space.fork());
        return write_space(touched, accessor, order);
      },
      [&] { return kernel.measure(); });
  const std::uint64_t taken = touched.pool.statistics().copies - copied_before;

  Row row{.name = "write-owned/after-drop",
          .unit = "ns",
          .ours = ours,
          .baseline = "the kernel's fault that finds the page its own again, fork(2)'s child gone",
          .theirs = theirs};
  row.goals.push_back({"no frame taken", taken == 0});
  row.details["pages"] = order.size();
  row.details["frames_taken"] = taken;
  return {row};
}

}  // namespace

std::vector<Benchmark> write_after_fork_benchmarks() {
  const auto in_order = [](const Aim& aim) {
    return Benchmark{aim.name, aim.what,
                     [=](const Settings& settings) { return write_in_order(aim, settings); }};
  };
  return {
      in_order({"write-after-fork/seq", "the first write to each shared page, in sequence",
                in_sequence, true}),
      in_order({"write-after-fork/random", "the same in random order", at_random, true}),
      in_order({"write-after-fork/scattered", "the first writes to pages that lie far apart",
                scattered, false}),
      {"write-after-fork/cold-pool", "the same, into frames that the kernel never gave before",
       write_into_cold_memory},
      {"write-owned/after-drop", "writing again when the sibling is gone", write_when_alone_again},
  };
}

}  // namespace cleave::bench
