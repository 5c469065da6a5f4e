// A thread of the library's own.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <cerrno>

#include <cleave/error.h>
#include <cleave/must.h>

#include "base/fail.h"
#include "base/refusal.h"
#include "base/uncancelled.h"

namespace cleave::detail::sync {

/// Runs one function. No signal is handled there: handlers are the program's, and for its threads.
/// Who made it joins it; in a child of fork(2) it does not exist, and nothing is to be done.
class OwnThread {
 public:
  /// `name` has 15 characters at most. Errors: no_memory (RLIMIT_NPROC, a control
  /// group's limit), unsupported (a policy forbids threads).
  static Result<OwnThread> start(const char* name, void* (*body)(void*), void* context) noexcept {
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);  // which the new thread inherits
    OwnThread made;
    const int why = pthread_create(&made.thread_, nullptr, body, context);
    const bool is_as_before =
        insist([&] { return pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0; });
    if (!is_as_before) refused_to_give_back(errno);
    if (why == EPERM || why == EACCES) {
      return fail(Errc::unsupported,
                  "a policy of the machine, as a container's seccomp profile, forbids this process "
                  "threads, and this needs one; have it allowed",
                  {}, why);
    }
    if (why != 0) {
      return fail(Errc::no_memory,
                  "the kernel starts no thread more: RLIMIT_NPROC (ulimit -u), the control group's "
                  "pids.max, or memory; raise it, or end some threads",
                  {}, why);
    }
    (void)pthread_setname_np(made.thread_, name);
    return made;
  }
  void join() noexcept {
    const Uncancelled here;
    (void)pthread_join(thread_, nullptr);
  }

 private:
  OwnThread() = default;

  // Not by CLEAVE_CHECK, whose function the libraries beside the core do not reach.
  [[noreturn]] static void refused_to_give_back(int why) noexcept {
    stop({Errc::unsupported,
          "rt_sigprocmask(2) blocked this thread's signals and does not give them back; have it "
          "allowed in the policy that refuses it",
          {},
          why},
         {"cleave: own_thread.h", __LINE__});
  }

  pthread_t thread_{};
};

}  // namespace cleave::detail::sync
