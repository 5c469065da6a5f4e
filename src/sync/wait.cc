#include "sync/wait.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>

namespace cleave::detail::sync {
namespace {

// The word is all that there is of the atomic.
static_assert(sizeof(atomic<std::uint32_t>) == sizeof(std::uint32_t));

void futex(const atomic<std::uint32_t>& word, int what, std::uint32_t value,
           const timespec* most) noexcept {
  const int errno_before = errno;
  (void)syscall(SYS_futex, &word, what, value, most, nullptr, 0);
  errno = errno_before;
}

}  // namespace

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

void sleep_while(const atomic<std::uint32_t>& word, std::uint32_t seen,
                 std::chrono::nanoseconds most) noexcept {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const timespec time{.tv_sec = most.count() / kSecond, .tv_nsec = most.count() % kSecond};
  futex(word, FUTEX_WAIT_PRIVATE, seen, &time);
}

void wake_all(const atomic<std::uint32_t>& word) noexcept {
  futex(word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr);
}

}  // namespace cleave::detail::sync
