// Pages that change under their entries: merged with equal ones (KSM), or moved to other memory
// (migration).
#pragma once

#include "lab/model/world.h"

namespace lab::model {

Answer merge(World& world, Task task, PageNo page, ProcessId other_process, PageNo other);
Answer unmerge(World& world, Task task, Pages pages);
Answer migrate(World& world, Task task, PageNo page);

}  // namespace lab::model
