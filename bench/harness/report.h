// How rows are shown.
#pragma once

#include <string>

#include "bench/harness/benchmark.h"

namespace cleave::bench {

/// Above this, the largest figure by the smallest, a row was disturbed and should be measured
/// again.
inline constexpr double kWideSpread = 1.5;

/// The table's heading, and a row of it; each ends its line.
std::string heading();
std::string line(const Row& row);

nlohmann::ordered_json json(const Row& row);

}  // namespace cleave::bench
