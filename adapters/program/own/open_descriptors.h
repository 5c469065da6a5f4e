// The descriptors that this process has.
#pragma once

#include <vector>

namespace cleave::program {

/// In order; empty where /proc cannot be read.
std::vector<int> open_descriptors();

}  // namespace cleave::program
