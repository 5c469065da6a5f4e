// Arenas: commits, checkouts, and the writes between them.
#pragma once

#include <vector>

#include "bench/harness/benchmark.h"

namespace cleave::bench {

std::vector<Benchmark> arena_rollback_benchmarks();
std::vector<Benchmark> arena_commit_benchmarks();
std::vector<Benchmark> arena_pages_benchmarks();
std::vector<Benchmark> arena_debugging_benchmarks();

}  // namespace cleave::bench
