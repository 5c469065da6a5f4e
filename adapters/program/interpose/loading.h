// Libraries that are loaded while the program runs. The loader maps them by system calls of its
// own, which no function of this library can take the place of; so while it works, the kernel has
// all system calls come here as a signal (PR_SET_SYSCALL_USER_DISPATCH). Its mappings then lie in
// the area: with a checkout a library goes, and comes back, like any memory.
#pragma once

#include "adapters/program/kernel/frame.h"
#include "adapters/program/kernel/signals.h"
#include "adapters/program/state/program.h"

namespace cleave::program {

/// Does what the loader's system call asked for; the frame to go on with.
Frame* serve_loader(Program& program, ucontext_t* context, Frame* frame);

/// Tells the kernel whether system calls come here, as the program's memory has it after a
/// checkout.
void follow_loading(Program& program);

}  // namespace cleave::program
