// By threads: each writes pages of its own of one space, shared with a fork or not.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include <cleave/accessor.h>
#include <cleave/must.h>

#include "bench/scale/benchmarks.h"
#include "bench/scale/point.h"
#include "bench/space/touched.h"
#include "measure/clock.h"
#include "measure/system.h"

namespace cleave::bench {
namespace {

constexpr std::uint64_t kPagesEach = 4096;

// Each thread's stores to `kPagesEach` pages, all begun at once; the time until the last has ended,
// as a share of all stores.
double store_at_once(TouchedSpace& touched, unsigned threads) {
  std::atomic<unsigned> ready{0};
  std::vector<double> took(threads);
  {
    std::vector<std::jthread> all;
    for (unsigned t = 0; t < threads; ++t) {
      all.emplace_back([&, t] {
        const measure::OnProcessor here(t);
        Accessor accessor = must(touched.space.accessor());
        ready.fetch_add(1);
        while (ready.load() < threads) {
        }
        took[t] = measure::nanoseconds_for([&] {
          for (std::uint64_t page = 0; page < kPagesEach; ++page) {
            must(accessor.store(touched.touched_page(t * kPagesEach + page), page));
          }
        });
      });
    }
  }
  return *std::ranges::max_element(took) / static_cast<double>(threads * kPagesEach);
}

std::vector<Row> threads(const Settings& settings) {
  std::vector<Row> rows;
  for (unsigned count = 1; count <= std::min(std::thread::hardware_concurrency(), 64U);
       count *= 2) {
    TouchedSpace touched(Extent{count * kPagesEach * kPageSize},
                         2 * count * kPagesEach * kPageSize);
    auto [shared, owned] = in_turn(
        settings.runs(),
        [&] {
          const Space child = must(touched.space.fork());
          return store_at_once(touched, count);
        },
        [&] { return store_at_once(touched, count); });
    rows.push_back(point("threads/first-write", count, shared));
    rows.push_back(point("threads/store", count, owned));
  }
  return rows;
}

}  // namespace

std::vector<Benchmark> scale_by_threads_benchmarks() {
  return {
      {"scale/threads", "first writes after a fork, and stores, by threads in one space", threads}};
}

}  // namespace cleave::bench
