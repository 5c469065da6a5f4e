// Where pages are that are not in memory: a swap file, and compressed memory.
#pragma once

#include <vector>

#include "bench/harness/benchmark.h"

namespace cleave::bench {

std::vector<Benchmark> swap_file_benchmarks();
std::vector<Benchmark> compressed_benchmarks();
std::vector<Benchmark> hit_benchmarks();
std::vector<Benchmark> merge_benchmarks();
std::vector<Benchmark> working_set_benchmarks();

}  // namespace cleave::bench
