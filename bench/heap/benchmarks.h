// Allocators, in an arena and beside it.
#pragma once

#include <vector>

#include "bench/harness/benchmark.h"

namespace cleave::bench {

std::vector<Benchmark> alloc_benchmarks();

}  // namespace cleave::bench
