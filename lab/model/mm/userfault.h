// Faults that are userfaultfd's to resolve: who takes one sleeps until a handler wakes it, and then
// looks again. Nothing else wakes it: not even that what it waited for has come about.
#pragma once

#include "lab/model/world/world.h"

namespace lab::model {

/// The thread sleeps from now on, and a handler can be told of its fault. Belongs into a step.
void ask_handler(World& world, Task task, PageNo page);
/// Blocks until the thread is woken, or its process ends.
void await_handler(World& world, Task task, PageNo page);
/// Wakes all that sleep there; what no handler was told of, none will be. Belongs into a step.
void wake(Process& process, PageRange pages);

}  // namespace lab::model
