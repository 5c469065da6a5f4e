// The descriptors that this process has.
#pragma once

#include <optional>
#include <vector>

namespace cleave::program {

/// In order; nothing: /proc cannot be read, or the process has no descriptor left to read it with.
std::optional<std::vector<int>> open_descriptors();

}  // namespace cleave::program
