// What the CPU does by itself, and what is done to memory in its name.
#pragma once

#include "lab/model/world.h"

namespace lab::model {

std::optional<Value> read_memory(World& world, Task task, PageNo page, Half half);
Answer write_memory(World& world, Task task, PageNo page, Value value, Half half);
/// FOLL_FORCE: through /proc/pid/mem.
Answer force_memory(World& world, Task task, PageNo page, Value value, Half half);

/// A fatal signal: the process exits.
void kill(World& world, Task task);
void exit_process(World& world, Task task);

}  // namespace lab::model
