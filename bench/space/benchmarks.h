// Spaces: forks, what they cost afterwards, and the pool below them.
#pragma once

#include <vector>

#include "bench/harness/benchmark.h"

namespace cleave::bench {

std::vector<Benchmark> fork_benchmarks();
std::vector<Benchmark> fork_pinned_benchmarks();
std::vector<Benchmark> write_after_fork_benchmarks();
std::vector<Benchmark> access_benchmarks();
std::vector<Benchmark> writers_benchmarks();
std::vector<Benchmark> alive_benchmarks();
std::vector<Benchmark> drop_benchmarks();
std::vector<Benchmark> pool_benchmarks();

}  // namespace cleave::bench
