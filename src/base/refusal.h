// Why the kernel refused a system call: a policy forbids it, something ran short, or it is lacking.
#pragma once

#include <sched.h>

#include <cleave/error.h>

namespace cleave::detail {

/// What to say of one system call, for each reason that it may be refused for. Static texts.
struct Refusals {
  const char* denied;       ///< EPERM, EACCES
  const char* descriptors;  ///< EMFILE
  const char* files;        ///< ENFILE
  const char* memory;       ///< ENOMEM, EAGAIN and the like: what passes
  const char* missing;      ///< ENOSYS, EINVAL and all others
};

/// The error for `error`, the errno of a call. `unsupported` where a policy denies the call or the
/// kernel lacks it, since both last: the caller may do without. `no_memory` where something ran
/// short: to do without would make a passing state last.
/// `io` where the descriptor that it was made on is not open any more.
tl::unexpected<Error> refused(const Refusals& call, int error) noexcept;

/// What is said then.
tl::unexpected<Error> closed_by_the_program() noexcept;

/// Whether asking again at once may help: a signal came in between.
bool is_interrupted(int error) noexcept;

/// Whether the kernel does not know the call, or a policy denies it.
bool is_lacking(int error) noexcept;

/// For a call whose failure there is nobody to tell of: asks until `call()` is true, giving way to
/// others in between; false after a hundred times. Safe in a signal handler if the call is.
template <class Call>
bool insist(Call call) noexcept {
  for (int times = 0; times < 100; ++times) {
    if (call()) return true;
    (void)sched_yield();
  }
  return false;
}

}  // namespace cleave::detail

/// The texts of a call whose name and `missing` are literals.
#define CLEAVE_REFUSALS(call, missing)                                                          \
  ::cleave::detail::Refusals {                                                                  \
    call " is denied here: a policy of the machine, as a container's seccomp profile, forbids " \
         "it; have it allowed",                                                                 \
        call                                                                                    \
        " found no file descriptor left under RLIMIT_NOFILE (ulimit -n); close some, or "       \
        "raise the limit",                                                                      \
        call " found the machine's table of files full (sysctl fs.file-max); close some",       \
        call                                                                                    \
        " ran short of the kernel's memory, the machine's or the control group's; free "        \
        "some, then try again",                                                                 \
        missing                                                                                 \
  }
