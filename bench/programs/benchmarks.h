// Whole programs under commits, each beside what it is done with today.
#pragma once

#include <vector>

#include "bench/harness/benchmark.h"

namespace cleave::bench {

std::vector<Benchmark> emulator_benchmarks();
std::vector<Benchmark> fuzz_benchmarks();
std::vector<Benchmark> run_benchmarks();
std::vector<Benchmark> run_overhead_benchmarks();

}  // namespace cleave::bench
