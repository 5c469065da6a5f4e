// What readers and writers synchronise by.
#pragma once

#include <vector>

#include "bench/harness/benchmark.h"

namespace cleave::bench {

std::vector<Benchmark> sync_benchmarks();

}  // namespace cleave::bench
