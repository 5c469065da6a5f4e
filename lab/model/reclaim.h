// Reclaim, as vmscan does it to one page, and the end of a swap device.
#pragma once

#include "lab/model/world.h"

namespace lab::model {

Answer swap_out(World& world, Task task, PageNo page);
Answer swap_off(World& world, Task task);
void begin_writeback(World& world, Task task, PageNo page);
void end_writeback(World& world, PageNo page);

}  // namespace lab::model
