// A thread that is stopped in the middle of what it does: between any two instructions.
#pragma once

#include <cstdint>

#include <cleave/function_ref.h>

namespace cleave::detail {

/// Whether threads can be stopped so here: x86-64, no sanitizer.
bool can_stop_between_instructions();

/// Runs `operation` in a thread of its own and stops it at some `stops` instructions, evenly spread
/// over those of the program and the C++ library; not in libc, whose locks fork(2) waits for.
/// While it stands, `meanwhile` runs in the calling thread; not any more once that was false, and
/// so is the result. `operation` runs three times: for what happens once, to count, and stopped.
bool at_each_step_of(function_ref<void()> operation, std::uint64_t stops,
                     function_ref<bool()> meanwhile);

}  // namespace cleave::detail
