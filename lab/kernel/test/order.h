// Whether a test's labels leave anything to chance.
#pragma once

#include "lab/judge/plan.h"

namespace lab::kernel {

/// Whether it does something to memory, or looks at it: all but labels and registers.
bool acts(const judge::Instruction& instruction);

/// True: whatever two threads do, forks, labels and ends of processes put one before the other, so
/// that one run shows all. Else runs differ, and there have to be many.
bool ordered(const judge::Plan& plan);

}  // namespace lab::kernel
