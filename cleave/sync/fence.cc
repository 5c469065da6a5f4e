#include "cleave/sync/fence.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cleave::sync {
namespace {

bool register_membarrier() noexcept {
  return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

}  // namespace

const bool asymmetric_fences = register_membarrier();

void heavy_fence([[maybe_unused]] const char* name) noexcept {
  if constexpr (kExplored) {
    announce({.kind = Kind::fence, .order = std::memory_order_seq_cst, .name = name});
  }
  if (!performs(name)) return;
  if (asymmetric_fences) {
    // Cannot fail once registered, and registration outlives fork(2) of the host.
    (void)syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
}

}  // namespace cleave::sync
