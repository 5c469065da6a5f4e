#include "bench/bench.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

namespace cleave::bench {

double Samples::quantile(double q) const {
  std::vector<double> sorted = figures_;
  const auto rank =
      static_cast<std::ptrdiff_t>(std::lround(q * static_cast<double>(sorted.size() - 1)));
  std::nth_element(sorted.begin(), sorted.begin() + rank, sorted.end());
  return sorted[static_cast<std::size_t>(rank)];
}

double Samples::mean() const {
  return std::accumulate(figures_.begin(), figures_.end(), 0.0) /
         static_cast<double>(figures_.size());
}

bool Row::met() const {
  return std::all_of(goals.begin(), goals.end(), [](const Goal& goal) { return goal.met; });
}

std::vector<Benchmark> all_benchmarks() {
  std::vector<Benchmark> all;
  for (auto* family :
       {fork_benchmarks, fork_pinned_benchmarks, write_after_fork_benchmarks, access_benchmarks,
        writers_benchmarks, alive_benchmarks, drop_benchmarks, pool_benchmarks, sync_benchmarks,
        pin_benchmarks, hold_benchmarks, io_benchmarks, alloc_benchmarks, arena_rollback_benchmarks,
        arena_commit_benchmarks, arena_pages_benchmarks, sqlite_benchmarks, explore_benchmarks}) {
    std::ranges::move(family(), std::back_inserter(all));
  }
  return all;
}

}  // namespace cleave::bench
