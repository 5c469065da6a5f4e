#include "sync/waiters/waiters.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>

#include "base/fail.h"
#include "base/uncancelled.h"
#include "sync/waiters/in_kernel.h"

namespace cleave::detail {
namespace {

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

class Search {
 public:
  Search(std::span<const std::byte> memory, const char* operation)
      : first_(reinterpret_cast<std::uintptr_t>(memory.data())),
        end_(first_ + memory.size()),
        operation_(operation) {}

  [[nodiscard]] Result<void> look_at_thread(long thread) const {
    const auto now = look_at(thread);
    if (!now) return tl::unexpected(now.error());
    if (*now) {
      if (auto sleeps = look_at_call(thread, **now); !sleeps) return sleeps;
      if (is_inside((*now)->stack)) return runs(thread, (*now)->stack);
    }
    return look_at_robust(thread);
  }

 private:
  [[nodiscard]] Result<void> look_at_call(long thread, const InKernel& now) const {
    for (const Sleeping& sleeping : kSleeping) {
      if (sleeping.call != now.call) continue;
      for (unsigned i = 0; i < now.arguments.size(); ++i) {
        if ((sleeping.arguments >> i & 1) == 0 || !is_inside(now.arguments[i])) continue;
        return sleeping.waits ? waits(thread, now.arguments[i])
                              : is_written(thread, now.arguments[i]);
      }
    }
    return {};
  }

  // The list that a thread gives the kernel, for the case that it ends with mutexes locked. The
  // entry is in the mutex, and its address has a flag in the lowest bit.
  [[nodiscard]] Result<void> look_at_robust(long thread) const {
    constexpr int kMost = 1000;  // it may change while we look
    const auto start = robust_list_of(thread);
    if (!start) return tl::unexpected(start.error());
    std::uintptr_t at = *start;
    for (int i = 0; i < kMost && at != 0; ++i) {
      const auto next = peek(at);
      if (!next) return tl::unexpected(next.error());
      at = *next & ~std::uintptr_t{1};
      if (at == *start) break;
      if (is_inside(at)) return holds(thread, at);
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
  const Uncancelled here;
  const Search search(memory, operation);
  const long self = syscall(SYS_gettid);
  return for_each_thread([&](long thread) -> Result<void> {
    if (thread != self) return search.look_at_thread(thread);
    // Whether threads can be seen at all: what this one does is no matter.
    const auto own = look_at(self);
    if (!own) return tl::unexpected(own.error());
    if (!*own) {
      return fail(Errc::unsupported, "this kernel does not tell what its threads wait for", {},
                  ENOENT);
    }
    const auto list = robust_list_of(self);
    if (!list) return tl::unexpected(list.error());
    if (const auto first = peek(*list); !first) return tl::unexpected(first.error());
    return {};
  });
}

}  // namespace cleave::detail
