// Lines for the user about what did not go back.
#pragma once

#include <string>
#include <vector>

namespace cleave::program {

using Told = std::vector<std::string>;

}  // namespace cleave::program
