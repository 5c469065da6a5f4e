// The program has no part in this library's signals: by no function can it handle them, block them,
// or wait for them. It handles, blocks and waits for "all" all the same.
//
// A mask that a handler writes into the context that it is given is not seen.
#include "adapters/program/kernel/signals.h"

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>

#include "adapters/program/interpose/caller.h"
#include "adapters/program/interpose/masks.h"
#include "adapters/program/kernel/raw.h"

namespace cleave::program {
namespace {

bool is_ours(int signal) noexcept {
  return (signal == kControlSignal || signal == kLoaderSignal) && is_programs_call();
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

int refuse_number() noexcept {
  errno = EINVAL;
  return -1;
}

/// As BSD has a mask: the first 32 signals. Returns the one from before.
int change_old_mask(int how, int wanted) noexcept {
  sigset_t set{};
  sigset_t before{};
  std::uint32_t bits = static_cast<std::uint32_t>(wanted);
  std::memcpy(&set, &bits, sizeof bits);
  (void)change_mask(how, &set, &before);
  std::memcpy(&bits, &before, sizeof bits);
  return static_cast<int>(bits);
}

/// A mask for the while of a call, or none.
class MaskOfCall {
 public:
  explicit MaskOfCall(const sigset_t* wanted) noexcept : is_there_(wanted != nullptr) {
    if (is_there_) set_ = without_ours(*wanted);
  }
  [[nodiscard]] const sigset_t* get() const noexcept { return is_there_ ? &set_ : nullptr; }

 private:
  bool is_there_;
  sigset_t set_{};
};

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
// What a program that is built with checks calls.
int __ppoll_chk(pollfd*, nfds_t, const timespec*, const sigset_t*, std::size_t);  // NOLINT
// What <signal.h> makes of sigpause(): as BSD has it, with a mask, and as X/Open has it.
int sigpause_bsd(int) __asm__("sigpause");
int __xpg_sigpause(int);   // NOLINT
int __sigpause(int, int);  // NOLINT
// Newer than the oldest C library that this builds with.
int epoll_pwait2(int, epoll_event*, int, const timespec*, const sigset_t*);  // NOLINT

int sigaction(int signal, const struct sigaction* wanted, struct sigaction* before) noexcept {
  if (is_ours(signal)) return refuse_number();
  if (wanted == nullptr) return __sigaction(signal, wanted, before);
  struct sigaction without = *wanted;
  without.sa_mask = without_ours(wanted->sa_mask);
  return __sigaction(signal, &without, before);
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

int sigignore(int signal) noexcept {
  static int (*known)(int) = nullptr;
  return is_ours(signal) ? refuse_number() : next(known, "sigignore")(signal);
}
int siginterrupt(int signal, int interrupts) noexcept {
  static int (*known)(int, int) = nullptr;
  return is_ours(signal) ? refuse_number() : next(known, "siginterrupt")(signal, interrupts);
}
int sighold(int signal) noexcept {
  static int (*known)(int) = nullptr;
  return is_ours(signal) ? refuse_number() : next(known, "sighold")(signal);
}
int sigblock(int mask) noexcept { return change_old_mask(SIG_BLOCK, mask); }
int sigsetmask(int mask) noexcept { return change_old_mask(SIG_SETMASK, mask); }

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

// What waits with another mask.
int sigsuspend(const sigset_t* mask) {
  static decltype(sigsuspend)* known = nullptr;
  return next(known, "sigsuspend")(MaskOfCall(mask).get());
}
int sigpause_bsd(int mask) {
  sigset_t set{};
  const auto bits = static_cast<std::uint32_t>(mask);
  std::memcpy(&set, &bits, sizeof bits);
  return sigsuspend(&set);
}
int __xpg_sigpause(int signal) {
  sigset_t set{};
  const int wrong = change_mask(SIG_BLOCK, nullptr, &set);
  if (wrong == 0 && sigdelset(&set, signal) == 0) return sigsuspend(&set);
  if (wrong != 0) errno = wrong;
  return -1;
}
int __sigpause(int signal_or_mask, int is_signal) {
  return is_signal != 0 ? __xpg_sigpause(signal_or_mask) : sigpause_bsd(signal_or_mask);
}
int ppoll(pollfd* which, nfds_t count, const timespec* at_most, const sigset_t* mask) {
  static int (*known)(pollfd*, nfds_t, const timespec*, const sigset_t*) = nullptr;
  return next(known, "ppoll")(which, count, at_most, MaskOfCall(mask).get());
}
int __ppoll_chk(pollfd* which, nfds_t count, const timespec* at_most, const sigset_t* mask,
                std::size_t bytes) {
  static decltype(__ppoll_chk)* known = nullptr;
  return next(known, "__ppoll_chk")(which, count, at_most, MaskOfCall(mask).get(), bytes);
}
int pselect(int count, fd_set* to_read, fd_set* to_write, fd_set* urgent, const timespec* at_most,
            const sigset_t* mask) {
  static decltype(pselect)* known = nullptr;
  const MaskOfCall masked(mask);
  return next(known, "pselect")(count, to_read, to_write, urgent, at_most, masked.get());
}
int epoll_pwait(int set, epoll_event* events, int count, int at_most, const sigset_t* mask) {
  static decltype(epoll_pwait)* known = nullptr;
  return next(known, "epoll_pwait")(set, events, count, at_most, MaskOfCall(mask).get());
}
int epoll_pwait2(int set, epoll_event* events, int count, const timespec* at_most,
                 const sigset_t* mask) {
  static decltype(epoll_pwait2)* known = nullptr;
  if (next(known, "epoll_pwait2") == nullptr) {
    errno = ENOSYS;
    return -1;
  }
  return next(known, "epoll_pwait2")(set, events, count, at_most, MaskOfCall(mask).get());
}

}  // extern "C"
#pragma GCC visibility pop
