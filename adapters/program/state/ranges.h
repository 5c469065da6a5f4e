// What of the process is the program's state, at its start.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "adapters/program/memory/kernel_maps.h"

namespace cleave::program {

/// The program's and all libraries' variables, those of the thread, the stack in its full length,
/// what was allocated so far: all private memory that may be written, but this library's own. In
/// whole pages, neighbours in one.
std::vector<std::span<std::byte>> ranges_of_state();

/// Whether a mapping is this library's: its variables, its heap, its arenas.
bool is_own(const KernelMap& map);

}  // namespace cleave::program
