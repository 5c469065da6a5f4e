// The program's malloc: a heap that becomes an arena's, and goes back with it.
#pragma once

#include "adapters/program/memory/reserved_heap.h"

namespace cleave::program {

/// Of the whole program, from its first allocation on.
ReservedHeap& program_heap() noexcept;

}  // namespace cleave::program
