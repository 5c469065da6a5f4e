// The program has no part in this library's signals: it can neither handle them, nor block the one
// by which commands come, nor wait for that one. It handles, blocks and waits for "all" all the
// same.
#include "adapters/program/kernel/signals.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>

#include "adapters/program/interpose/caller.h"
#include "adapters/program/kernel/raw.h"

namespace cleave::program {
namespace {

bool is_ours(int signal) noexcept {
  return (signal == kControlSignal || signal == kLoaderSignal) && is_programs_call();
}

/// What of a set the program can have.
sigset_t without_ours(const sigset_t& wanted) noexcept {
  sigset_t set = wanted;
  if (is_programs_call()) (void)sigdelset(&set, kControlSignal);
  return set;
}

/// 0, or an errno.
int change_mask(int how, const sigset_t* wanted, sigset_t* before) noexcept {
  sigset_t set{};
  if (wanted != nullptr) {
    set = how == SIG_UNBLOCK ? *wanted : without_ours(*wanted);
    // As the C library does, of its own two.
    constexpr std::uint64_t kLibrarys = bit_of(32) | bit_of(33);
    std::uint64_t bits = 0;
    std::memcpy(&bits, &set, sizeof bits);
    if (how != SIG_UNBLOCK) bits &= ~kLibrarys;
    std::memcpy(&set, &bits, sizeof bits);
  }
  return static_cast<int>(-raw::call(SYS_rt_sigprocmask, how,
                                     raw::as_word(wanted == nullptr ? nullptr : &set),
                                     raw::as_word(before), sizeof(std::uint64_t)));
}

using Handler = void (*)(int);

Handler refuse() noexcept {
  errno = EINVAL;
  return SIG_ERR;
}

/// The C library's function of a name that this library has, too.
template <class Function>
Function* next(Function*& known, const char* name) noexcept {
  if (known == nullptr) known = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
  return known;
}

}  // namespace
}  // namespace cleave::program

using namespace cleave::program;

#pragma GCC visibility push(default)
extern "C" {

// The C library's own names for two of them.
int __sigaction(int, const struct sigaction*, struct sigaction*) noexcept;  // NOLINT
Handler bsd_signal(int, Handler) noexcept;

int sigaction(int signal, const struct sigaction* wanted, struct sigaction* before) noexcept {
  if (!is_ours(signal)) return __sigaction(signal, wanted, before);
  errno = EINVAL;
  return -1;
}

// As BSD has it; and as ISO C leaves it, where a handler serves once.
Handler signal(int signal, Handler handler) noexcept {
  return is_ours(signal) ? refuse() : bsd_signal(signal, handler);
}
Handler ssignal(int signal, Handler handler) noexcept {
  return is_ours(signal) ? refuse() : bsd_signal(signal, handler);
}
Handler __sysv_signal(int signal, Handler handler) noexcept {  // NOLINT: the C library's name
  static decltype(__sysv_signal)* known = nullptr;
  return is_ours(signal) ? refuse() : next(known, "__sysv_signal")(signal, handler);
}
Handler sysv_signal(int signal, Handler handler) noexcept { return __sysv_signal(signal, handler); }
Handler sigset(int signal, Handler handler) noexcept {
  static Handler (*known)(int, Handler) = nullptr;  // its name is deprecated
  return is_ours(signal) ? refuse() : next(known, "sigset")(signal, handler);
}

int pthread_sigmask(int how, const sigset_t* wanted, sigset_t* before) noexcept {
  return change_mask(how, wanted, before);
}
int sigprocmask(int how, const sigset_t* wanted, sigset_t* before) noexcept {
  const int wrong = change_mask(how, wanted, before);
  if (wrong == 0) return 0;
  errno = wrong;
  return -1;
}

int sigwait(const sigset_t* wanted, int* signal) {
  static decltype(sigwait)* known = nullptr;
  const sigset_t set = without_ours(*wanted);
  return next(known, "sigwait")(&set, signal);
}
int sigwaitinfo(const sigset_t* wanted, siginfo_t* about) {
  static decltype(sigwaitinfo)* known = nullptr;
  const sigset_t set = without_ours(*wanted);
  return next(known, "sigwaitinfo")(&set, about);
}
int sigtimedwait(const sigset_t* wanted, siginfo_t* about, const timespec* at_most) {
  static decltype(sigtimedwait)* known = nullptr;
  const sigset_t set = without_ours(*wanted);
  return next(known, "sigtimedwait")(&set, about, at_most);
}
int signalfd(int number, const sigset_t* wanted, int flags) noexcept {
  static decltype(signalfd)* known = nullptr;
  const sigset_t set = without_ours(*wanted);
  return next(known, "signalfd")(number, &set, flags);
}

}  // extern "C"
#pragma GCC visibility pop
