// Named fences. A name is part of the design: docs/ordering.md lists each with its partner, and an
// explored run can leave one out to show that it is needed.
#pragma once

#include <atomic>

#include "cleave/sync/explored.h"

namespace cleave::sync {

/// Whether the kernel gives us membarrier(2). Decided once, before main; without it the light side
/// becomes a full fence and the heavy side one too.
extern const bool asymmetric_fences;

/// The cheap side of an asymmetric pair: orders this thread's earlier stores before its later loads,
/// as seen by whoever executes heavy_fence(). Free on a kernel with membarrier(2).
inline void light_fence([[maybe_unused]] const char* name) noexcept {
  if constexpr (kExplored) {
    announce({.kind = Kind::fence, .order = std::memory_order_relaxed, .name = name});
  }
  if (!performs(name)) return;
  if (asymmetric_fences) [[likely]] {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
}

/// The dear side: on return, every thread of this process has executed a full fence since the call.
/// One system call; 0.1 us when no other thread runs, an inter-processor interrupt otherwise.
void heavy_fence(const char* name) noexcept;

}  // namespace cleave::sync
