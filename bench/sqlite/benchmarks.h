// SQLite in an arena.
#pragma once

#include <vector>

#include "bench/harness/benchmark.h"

namespace cleave::bench {

std::vector<Benchmark> sqlite_benchmarks();

}  // namespace cleave::bench
