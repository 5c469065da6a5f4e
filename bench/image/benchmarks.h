// Commits of repositories: how soon they can be used.
#pragma once

#include <vector>

#include "bench/harness/benchmark.h"

namespace cleave::bench {

std::vector<Benchmark> image_benchmarks();

}  // namespace cleave::bench
