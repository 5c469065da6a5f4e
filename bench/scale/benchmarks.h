// How costs grow: a row a point, a family a curve.
#pragma once

#include <vector>

#include "bench/harness/benchmark.h"

namespace cleave::bench {

/// By the size of a space and of an arena, little of it in use.
std::vector<Benchmark> scale_by_size_benchmarks();
/// By the pages that changed.
std::vector<Benchmark> scale_by_changes_benchmarks();
/// By the spaces and commits that are alive.
std::vector<Benchmark> scale_by_number_benchmarks();
/// By the threads that write to one space.
std::vector<Benchmark> scale_by_threads_benchmarks();

}  // namespace cleave::bench
