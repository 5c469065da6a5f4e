#include "bench/harness/benchmark.h"

#include <algorithm>
#include <cmath>
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

}  // namespace cleave::bench
