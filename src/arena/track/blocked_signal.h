// Whether the calling thread can be sent a tracker's signal.
#pragma once

#include <csignal>

namespace cleave::detail {

/// A fault whose signal the thread blocks ends the process. (On Linux the mask is the calling
/// thread's.)
inline bool blocks(int signal) noexcept {
  sigset_t blocked;
  return sigprocmask(SIG_BLOCK, nullptr, &blocked) == 0 && sigismember(&blocked, signal) == 1;
}

}  // namespace cleave::detail
