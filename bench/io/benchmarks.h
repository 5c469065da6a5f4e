// Pins, holds, and transfers on them.
#pragma once

#include <vector>

#include "bench/harness/benchmark.h"

namespace cleave::bench {

std::vector<Benchmark> pin_benchmarks();
std::vector<Benchmark> hold_benchmarks();
std::vector<Benchmark> io_benchmarks();

}  // namespace cleave::bench
