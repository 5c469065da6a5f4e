// Every benchmark.
#pragma once

#include <vector>

#include "bench/harness/benchmark.h"

namespace cleave::bench {

/// All of them, family by family.
std::vector<Benchmark> all_benchmarks();

}  // namespace cleave::bench
