#include "sync/wait.h"

#include <sched.h>

namespace cleave::detail::sync {

void relax(unsigned round) noexcept {
  constexpr unsigned kPauses = 64;
  if (round < kPauses) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  } else {
    (void)sched_yield();
  }
}

}  // namespace cleave::detail::sync
