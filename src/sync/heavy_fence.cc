#include "sync/heavy_fence.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/check.h"
#include "base/refusal.h"

namespace cleave::detail::sync {
namespace {

bool membarrier(int command) noexcept { return syscall(SYS_membarrier, command, 0, 0) == 0; }

// The kernel takes memory for it, and may have none for the moment: this is asked once.
bool register_membarrier() noexcept {
  bool registered = false;
  (void)insist([&registered] {
    registered = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
    return registered || is_lacking(errno);
  });
  return registered;
}

// As the registered one takes memory, too, there is one that only takes its time.
bool fence_other_threads() noexcept {
  const auto expedited = [] { return membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED); };
  return expedited() || membarrier(MEMBARRIER_CMD_GLOBAL) || insist(expedited);
}

}  // namespace

constinit std::atomic<Fences> fences{Fences::not_asked};

Fences ask_for_fences() noexcept {
  const Fences answer = register_membarrier() ? Fences::asymmetric : Fences::symmetric;
  Fences first = Fences::not_asked;
  // relaxed: the answer is all there is to it, and the first one stands.
  return fences.compare_exchange_strong(first, answer, std::memory_order_relaxed) ? answer : first;
}

namespace {
[[maybe_unused]] const Fences before_main = ask_for_fences();
}  // namespace

void heavy_fence([[maybe_unused]] const char* name, [[maybe_unused]] Line where) noexcept {
  if (!performs(name)) return;
  if constexpr (kExplored) {
    Operation operation{Kind::heavy_fence};
    operation.order = std::memory_order_seq_cst;
    operation.name = name;
    operation.asymmetric = has_asymmetric_fences();
    operation.where = where;
    if (ask(operation).given) return;
  }
  if (has_asymmetric_fences()) {
    // Registration outlives fork(2) of the host. A filter that forbids the call from now on would
    // leave stores unordered with forks: better to stop.
    CLEAVE_CHECK(fence_other_threads(),
                 "membarrier(2) worked when the program started and fails now");
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
}

}  // namespace cleave::detail::sync
