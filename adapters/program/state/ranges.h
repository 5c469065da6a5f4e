// What of the process is the program's state, at its start.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace cleave::program {

/// The program's and all libraries' variables, those of the thread, the stack in its full length,
/// what was allocated so far: all private memory that may be written, but this library's own. In
/// whole pages, neighbours in one. Nothing: /proc cannot be read.
std::optional<std::vector<std::span<std::byte>>> ranges_of_state();

}  // namespace cleave::program
