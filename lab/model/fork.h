#pragma once

#include "lab/model/world.h"

namespace lab::model {

/// fork(2): region by region, entry by entry. failed: a copy found no memory; the child has exited.
Answer fork(World& world, Task task, ProcessId child);

}  // namespace lab::model
