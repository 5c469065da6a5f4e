// syscall(2): by number, a program can ask for anything. What a replaced function does for its
// name, this does for its number; what no commit can hold is refused here as well.
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "adapters/program/interpose/caller.h"
#include "adapters/program/interpose/mappings.h"
#include "adapters/program/interpose/masks.h"
#include "adapters/program/kernel/raw.h"
#include "adapters/program/kernel/say.h"
#include "adapters/program/kernel/signals.h"

extern "C" {
// Newer than the oldest C library that this builds with.
int execveat(int, const char*, char* const[], char* const[], int) noexcept;  // NOLINT
}

namespace cleave::program {
namespace {

using Words = std::array<long, 6>;

long refuse(const char* sentence) noexcept {
  say(sentence);
  return -ENOSYS;
}

long pass(long call, const Words& with) noexcept {
  return raw::call(call, with[0], with[1], with[2], with[3], with[4], with[5]);
}

void* address(long word) noexcept { return reinterpret_cast<void*>(word); }
std::size_t size(long word) noexcept { return static_cast<std::size_t>(word); }
int number(long word) noexcept { return static_cast<int>(word); }

/// The kernel's answer, of a function that answers as the C library does.
long as_the_kernel_has_it(int answer) noexcept { return answer < 0 ? -errno : answer; }

char* const* strings(long word) noexcept { return static_cast<char* const*>(address(word)); }

constexpr long kSetBytes = 8;

/// The call with the set of signals that one of its words is the address of, and another the
/// length, without those that are not the program's.
long with_set(long call, Words with, std::size_t at, std::size_t bytes) noexcept {
  std::uint64_t set = 0;
  if (with[at] == 0 || with[bytes] != kSetBytes) return pass(call, with);
  std::memcpy(&set, address(with[at]), sizeof set);
  set = without_ours(set);
  with[at] = raw::as_word(&set);
  return pass(call, with);
}

/// Its last word is the address of two: a set's, and its length.
long select_with_set(Words with) noexcept {
  std::array<long, 2> given{};
  std::uint64_t set = 0;
  if (with[5] == 0) return pass(SYS_pselect6, with);
  std::memcpy(given.data(), address(with[5]), sizeof given);
  if (given[0] == 0 || given[1] != kSetBytes) return pass(SYS_pselect6, with);
  std::memcpy(&set, address(given[0]), sizeof set);
  set = without_ours(set);
  given[0] = raw::as_word(&set);
  with[5] = raw::as_word(given.data());
  return pass(SYS_pselect6, with);
}

/// Where it is not to block, the kernel alone looks at the set: some ask in this way, with a number
/// that means nothing, whether an address can be read.
long block(const Words& with) noexcept {
  const int how = number(with[0]);
  if (how != SIG_BLOCK && how != SIG_SETMASK) return pass(SYS_rt_sigprocmask, with);
  return with_set(SYS_rt_sigprocmask, with, 1, 3);
}

long handle(Words with) noexcept {
  struct {
    std::uintptr_t handler;
    std::uint64_t flags;
    std::uintptr_t restorer;
    std::uint64_t mask;
  } action{};
  if (with[1] == 0 || with[3] != kSetBytes) return pass(SYS_rt_sigaction, with);
  if (with[0] == kControlSignal || with[0] == kLoaderSignal) return -EINVAL;
  std::memcpy(&action, address(with[1]), sizeof action);
  action.mask = without_ours(action.mask);
  with[1] = raw::as_word(&action);
  return pass(SYS_rt_sigaction, with);
}

/// As the kernel refuses: the break stays, and the answer is where it is.
long move_break(long to) noexcept {
  if (to != 0) say("brk refused: the memory would not go back");
  return raw::call(SYS_brk, 0);
}

long for_program(long call, const Words& with) noexcept {
  switch (call) {
    case SYS_mmap:
      return map_for_program(address(with[0]), size(with[1]), number(with[2]), number(with[3]),
                             number(with[4]), with[5]);
    case SYS_munmap:
      return unmap_for_program(address(with[0]), size(with[1]));
    case SYS_mprotect:
      return protect_for_program(address(with[0]), size(with[1]), number(with[2]));
    case SYS_madvise:
      return advise_for_program(address(with[0]), size(with[1]), number(with[2]));
    case SYS_mremap:
      return remap_for_program(address(with[0]), size(with[1]), size(with[2]), number(with[3]),
                               address(with[4]));
    case SYS_close:
      return as_the_kernel_has_it(close(number(with[0])));
    case SYS_close_range:
      return as_the_kernel_has_it(close_range(static_cast<unsigned>(with[0]),
                                              static_cast<unsigned>(with[1]), number(with[2])));
    case SYS_dup2:
      return as_the_kernel_has_it(dup2(number(with[0]), number(with[1])));
    case SYS_dup3:
      return as_the_kernel_has_it(dup3(number(with[0]), number(with[1]), number(with[2])));
    case SYS_brk:
      return move_break(with[0]);
    case SYS_execve:
      return as_the_kernel_has_it(
          execve(static_cast<const char*>(address(with[0])), strings(with[1]), strings(with[2])));
    case SYS_execveat:
      return as_the_kernel_has_it(execveat(number(with[0]),
                                           static_cast<const char*>(address(with[1])),
                                           strings(with[2]), strings(with[3]), number(with[4])));
    case SYS_rt_sigaction:
      return handle(with);
    case SYS_rt_sigprocmask:
      return block(with);
    case SYS_rt_sigsuspend:
      return with_set(call, with, 0, 1);
    case SYS_rt_sigtimedwait:
      return with_set(call, with, 0, 3);
    case SYS_signalfd:
    case SYS_signalfd4:
      return with_set(call, with, 1, 2);
    case SYS_ppoll:
      return with_set(call, with, 3, 4);
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
      return with_set(call, with, 4, 5);
    case SYS_pselect6:
      return select_with_set(with);
    case SYS_io_uring_setup:
      return refuse("io_uring refused: the kernel would write to memory that goes back");
    case SYS_fork:
    case SYS_vfork:
    case SYS_clone:
    case SYS_clone3:
      return refuse(
          "a child or a thread by a system call of its own is refused: no commit would hold it");
    default:
      return pass(call, with);
  }
}

}  // namespace
}  // namespace cleave::program

#pragma GCC visibility push(default)
extern "C" {

long syscall(long number, ...) {
  namespace raw = cleave::program::raw;
  va_list more;
  va_start(more, number);
  std::array<long, 6> with{};
  for (long& word : with) word = va_arg(more, long);
  va_end(more);
  const long answer = cleave::program::is_programs_call()
                          ? cleave::program::for_program(number, with)
                          : raw::call(number, with[0], with[1], with[2], with[3], with[4], with[5]);
  if (!raw::is_error(answer)) return answer;
  errno = static_cast<int>(-answer);
  return -1;
}

}  // extern "C"
#pragma GCC visibility pop
