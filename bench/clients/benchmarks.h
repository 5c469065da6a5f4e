// Programs that commit as they go, beside the same programs that do not.
#pragma once

#include <vector>

#include "bench/harness/benchmark.h"

namespace cleave::bench {

std::vector<Benchmark> client_benchmarks();

}  // namespace cleave::bench
