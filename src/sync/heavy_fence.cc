#include "sync/heavy_fence.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/check.h"

namespace cleave::detail::sync {
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
    // Registration outlives fork(2) of the host. A filter that forbids the call from now on would
    // leave stores unordered with forks: better to stop.
    CLEAVE_CHECK(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0,
                 "membarrier(2) worked when the program started and fails now");
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
}

}  // namespace cleave::detail::sync
