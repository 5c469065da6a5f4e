// The cheap side of an asymmetric pair of fences. The dear side is in src/sync/heavy_fence.h.
#pragma once

#include <atomic>

#include <cleave/detail/explored.h>

namespace cleave::detail::sync {

/// Orders this thread's earlier stores before its later loads, as seen by a thread that executes
/// heavy_fence(). A name is part of the design: docs/reference/ordering.md lists each with its
/// partner, and an explored run can leave one out to show that it is needed. Free if `asymmetric`:
/// if heavy_fence() is membarrier(2).
inline void light_fence([[maybe_unused]] const char* name, bool asymmetric,
                        [[maybe_unused]] Line where = Line()) noexcept {
  if (!performs(name)) return;
  if constexpr (kExplored) {
    Operation operation{Kind::light_fence};
    operation.name = name;
    operation.asymmetric = asymmetric;
    operation.where = where;
    if (ask(operation).given) return;
  }
  if (asymmetric) [[likely]] {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
}

}  // namespace cleave::detail::sync
