// The explorer, and others of its kind.
#pragma once

#include <vector>

#include "bench/harness/benchmark.h"

namespace cleave::bench {

std::vector<Benchmark> explore_benchmarks();
std::vector<Benchmark> explored_engine_benchmarks();

}  // namespace cleave::bench
