#include "sync/waiters/waiters.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "base/fail.h"

namespace cleave::detail {
namespace {

constexpr const char* kUnseen =
    "the threads of this process cannot be seen, so none that waits can be caught; is /proc "
    "mounted, and readable?";

/// What of a system call's arguments lies in memory that the kernel looks at, or writes to, when
/// the call ends: one bit an argument.
struct Sleeping {
  long call;
  unsigned arguments;
  bool waits;  // until another thread wakes it by what lies there
};
constexpr std::array kSleeping = {
    Sleeping{SYS_futex, 1u << 0 | 1u << 4, true},  // the word; that of a condition variable's mutex
#ifdef SYS_futex_waitv
    Sleeping{SYS_futex_waitv, 1u << 0, true},
#endif
#ifdef SYS_futex_wait
    Sleeping{SYS_futex_wait, 1u << 0, true},
#endif
    Sleeping{SYS_read, 1u << 1, false},           Sleeping{SYS_pread64, 1u << 1, false},
    Sleeping{SYS_recvfrom, 1u << 1, false},       Sleeping{SYS_recvmsg, 1u << 1, false},
    Sleeping{SYS_readv, 1u << 1, false},          Sleeping{SYS_ppoll, 1u << 0, false},
    Sleeping{SYS_epoll_pwait, 1u << 1, false},    Sleeping{SYS_io_getevents, 1u << 3, false},
#ifdef SYS_poll
    Sleeping{SYS_poll, 1u << 0, false},           Sleeping{SYS_epoll_wait, 1u << 1, false},
#endif
};

/// What a thread does in the kernel: "202 0x7f.. 0x80 0x1 0x0 0x0 0x7f.. 0x7ff.. 0x7f..", which is
/// the call, its six arguments, and the stack; "-1 0x7ff.. 0x7f.." outside of any call; "running".
struct InKernel {
  long call = -1;
  std::array<std::uintptr_t, 6> arguments{};
  std::uintptr_t stack = 0;
};

/// A look at one thread. Gives false when the thread has ended, or is running.
bool look_at(long thread, InKernel& found) {
  std::array<char, 64> path{};
  (void)std::snprintf(path.data(), path.size(), "/proc/self/task/%ld/syscall", thread);
  const int file = open(path.data(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  std::array<char, 256> text{};
  const ssize_t size = read(file, text.data(), text.size() - 1);
  (void)close(file);
  if (size <= 0 || text[0] == 'r') return false;
  char* at = text.data();
  found.call = std::strtol(at, &at, 10);
  if (found.call >= 0) {
    for (std::uintptr_t& argument : found.arguments) argument = std::strtoul(at, &at, 16);
  }
  found.stack = std::strtoul(at, &at, 16);
  return true;
}

/// Reads memory of this process that may go at any time.
template <class T>
bool peek(std::uintptr_t from, T& into) {
  iovec here{&into, sizeof into};
  iovec there{reinterpret_cast<void*>(from), sizeof into};
  return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == static_cast<ssize_t>(sizeof into);
}

class Search {
 public:
  Search(std::span<const std::byte> memory, const char* operation)
      : first_(reinterpret_cast<std::uintptr_t>(memory.data())),
        end_(first_ + memory.size()),
        operation_(operation) {}

  Result<void> look_at_thread(long thread) const {
    InKernel now;
    if (look_at(thread, now)) {
      for (const Sleeping& sleeping : kSleeping) {
        if (sleeping.call != now.call) continue;
        for (unsigned i = 0; i < now.arguments.size(); ++i) {
          if ((sleeping.arguments >> i & 1) != 0 && is_inside(now.arguments[i])) {
            return sleeping.waits ? waits(thread, now.arguments[i])
                                  : is_written(thread, now.arguments[i]);
          }
        }
      }
      if (is_inside(now.stack)) return runs(thread, now.stack);
    }
    return look_at_robust(thread);
  }

 private:
  // The list that a thread gives the kernel, for the case that it ends with mutexes locked. The
  // entry is in the mutex, and its address has a flag in the lowest bit.
  [[nodiscard]] Result<void> look_at_robust(long thread) const {
    constexpr int kMost = 1000;  // it may change while we look
    robust_list_head* head = nullptr;
    std::size_t size = 0;
    if (syscall(SYS_get_robust_list, thread, &head, &size) != 0 || head == nullptr) return {};
    const auto start = reinterpret_cast<std::uintptr_t>(head);
    std::uintptr_t next = start;
    for (int i = 0; i < kMost && peek(next, next); ++i) {
      next &= ~std::uintptr_t{1};
      if (next == start || next == 0) break;
      if (is_inside(next)) return holds(thread, next);
    }
    return {};
  }

  [[nodiscard]] bool is_inside(std::uintptr_t address) const {
    return address >= first_ && address < end_;
  }

  [[nodiscard]] tl::unexpected<Error> waits(long thread, std::uintptr_t at) const {
    return found(thread, "waits on", at,
                 "a thread waits on memory of the arena, and would not be woken afterwards; keep "
                 "mutexes and condition variables outside (docs/explanation/outside.md)");
  }
  [[nodiscard]] tl::unexpected<Error> is_written(long thread, std::uintptr_t at) const {
    return found(thread, "is in a system call that writes to", at,
                 "a system call under way will write to the arena; wait for it, or let it write to "
                 "a pin");
  }
  [[nodiscard]] tl::unexpected<Error> runs(long thread, std::uintptr_t at) const {
    return found(thread, "has its stack at", at,
                 "a thread's stack lies in the arena; give the thread another stack "
                 "(docs/explanation/outside.md)");
  }
  [[nodiscard]] tl::unexpected<Error> holds(long thread, std::uintptr_t at) const {
    return found(thread, "holds a robust mutex at", at,
                 "a thread holds a robust mutex in the arena, which would be locked for ever "
                 "afterwards, or not at all; unlock it first, or keep it outside "
                 "(docs/explanation/outside.md)");
  }
  [[nodiscard]] tl::unexpected<Error> found(long thread, const char* does, std::uintptr_t at,
                                            const char* what) const {
    std::array<char, 160> text{};
    const int size = std::snprintf(text.data(), text.size(),
                                   "cleave: thread %ld %s 0x%zx in the arena; %s is refused\n",
                                   thread, does, std::size_t{at}, operation_);
    (void)!write(STDERR_FILENO, text.data(), static_cast<std::size_t>(size));
    return fail(Errc::not_permitted, what, Address{at});
  }

  std::uintptr_t first_;
  std::uintptr_t end_;
  const char* operation_;
};

}  // namespace

Result<void> check_waiters(std::span<const std::byte> memory, const char* operation) {
  DIR* threads = opendir("/proc/self/task");
  if (threads == nullptr) {
    return fail(
        errno == EMFILE || errno == ENFILE || errno == ENOMEM ? Errc::no_memory : Errc::unsupported,
        kUnseen, {}, errno);
  }
  const Search search(memory, operation);
  const long self = syscall(SYS_gettid);
  Result<void> result;
  InKernel own;
  if (!look_at(self, own)) result = fail(Errc::unsupported, kUnseen, {}, errno);
  while (result) {
    const dirent* entry = readdir(threads);
    if (entry == nullptr) break;
    const long thread = std::strtol(entry->d_name, nullptr, 10);
    if (thread > 0 && thread != self) result = search.look_at_thread(thread);
  }
  (void)closedir(threads);
  return result;
}

}  // namespace cleave::detail
