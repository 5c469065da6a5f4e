// Whose call it is that one of the replaced functions gets.
#pragma once

#include "adapters/program/own/memory.h"
#include "adapters/program/state/program.h"

namespace cleave::program {

/// The program's, which is under commits. Else this library's own, or one from before the start:
/// then the function does what the C library's does.
inline bool is_programs_call() noexcept { return program() != nullptr && !AtWork::now(); }

}  // namespace cleave::program
