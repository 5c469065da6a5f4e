// Ctrl-C: what was found so far is told.
#pragma once

#include <atomic>
#include <csignal>

namespace cleave::console {

/// Written by the handler of a signal, read by searches and by who reports; sequentially
/// consistent, since nothing depends on its cost.
inline std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

/// While it lives the first SIGINT or SIGTERM only sets `interrupted`, or calls what it is given;
/// the second ends the process.
class Interruptible {
 public:
  explicit Interruptible(void (*told)(int) = [](int) { interrupted = true; }) {
    struct sigaction action {};
    action.sa_handler = told;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
  }
  ~Interruptible() {
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
  }
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;
};

}  // namespace cleave::console
