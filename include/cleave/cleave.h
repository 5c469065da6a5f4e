// All of cleave for C++: branchable memory. Each header can be included alone as well; <cleave/c.h>
// is the interface for C.
//
//   pool.h             the memory of spaces, and of what arenas remember
//   space.h            sparse memory that forks in constant time; accessor.h, snapshot.h, region.h
//   pin.h hold.h       memory of a space for devices: coherent, or as it was; view.h
//   ring.h file.h      files in and out of spaces, on io_uring
//   arena.h            memory for ordinary pointers that commits and checks out;
//                      commit.h, arena_pin.h, tracking.h
//   quiesce.h          brings a program's threads to rest meanwhile; fault_signal.h
//   heap.h             an allocator whose state rolls back with its memory; memory_resource.h
//   error.h must.h     Result, Error, and what to do with them; units.h, function_ref.h
#pragma once

#include <cleave/accessor.h>
#include <cleave/arena.h>
#include <cleave/arena_pin.h>
#include <cleave/commit.h>
#include <cleave/error.h>
#include <cleave/fault_signal.h>
#include <cleave/file.h>
#include <cleave/function_ref.h>
#include <cleave/heap.h>
#include <cleave/hold.h>
#include <cleave/memory_resource.h>
#include <cleave/must.h>
#include <cleave/pin.h>
#include <cleave/pool.h>
#include <cleave/quiesce.h>
#include <cleave/region.h>
#include <cleave/ring.h>
#include <cleave/snapshot.h>
#include <cleave/space.h>
#include <cleave/tracking.h>
#include <cleave/units.h>
#include <cleave/view.h>
