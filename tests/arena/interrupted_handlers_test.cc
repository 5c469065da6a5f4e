// A handler of the program's interrupts the one that answers an arena's fault, at each of its
// instructions, and is the first to write to a page itself, or jumps out of both. The program goes
// on, and no write is lost. Whoever steps it is its tracer.
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <string>

#include "tests/arena/every_tracking.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

using namespace literals;

#if defined(__x86_64__)

std::byte* from_the_handler = nullptr;

void write_first(int /*signal*/) {
  *static_cast<volatile std::byte*>(from_the_handler) = std::byte{2};
}

constexpr int kForbidden = 77;  // a policy denies ptrace(2)

/// The tracee's; its exit status.
int is_interrupted(Tracking tracking) {
  Pool pool = must(Pool::create(16_MiB));
  Arena arena = must(Arena::create(pool, 64_KiB, {.tracking = tracking}));
  const Commit before = must(arena.commit());
  from_the_handler = arena.data() + 5 * kPageSize;
  (void)std::signal(SIGUSR1, write_first);
  (void)alarm(60);
  if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) return kForbidden;
  (void)raise(SIGSTOP);
  *static_cast<volatile std::byte*>(arena.data()) = std::byte{1};
  (void)raise(SIGUSR1);  // it comes again where it came already
  if (arena.data()[0] != std::byte{1} || *from_the_handler != std::byte{2}) return 2;
  if (must(arena.commit()).pages() != 2) return 3;
  must(arena.checkout(before));
  return arena.data()[0] == std::byte{} && *from_the_handler == std::byte{} ? 0 : 4;
}

sigjmp_buf before_the_write;

void jump_out(int /*signal*/) { siglongjmp(before_the_write, 1); }

/// The same, of one that is left for good. So much was written before that the fault opens a page's
/// neighbours as well, where `mprotect` does that.
int is_left(Tracking tracking) {
  constexpr std::uint64_t kBefore = 4096;
  constexpr std::uint64_t kPage = kBefore + 70;
  Pool pool = must(Pool::create(64_MiB));
  Arena arena = must(Arena::create(pool, 32_MiB, {.tracking = tracking}));
  const Commit before = must(arena.commit());
  for (std::uint64_t page = 0; page < kBefore; ++page) {
    arena.mark_dirty(arena.data() + page * kPageSize, 1);
  }
  std::byte* const faulting = arena.data() + kPage * kPageSize;
  for (const long guard : {-3, 3}) {
    (void)mprotect(faulting + guard * long{kPageSize}, kPageSize, PROT_NONE);  // no more of them
  }
  (void)std::signal(SIGUSR1, jump_out);
  (void)alarm(60);
  if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) return kForbidden;
  (void)raise(SIGSTOP);
  if (sigsetjmp(before_the_write, 1) == 0) {
    *static_cast<volatile std::byte*>(faulting) = std::byte{1};
    return 0;  // it was over before
  }
  for (const long beside : {0, 1, -1}) faulting[beside * long{kPageSize}] = std::byte{2};
  must(arena.checkout(before));
  for (const long beside : {0, 1, -1}) {
    if (faulting[beside * long{kPageSize}] != std::byte{}) return 2;
  }
  return 0;
}

std::uint64_t instruction(pid_t process) {
  user_regs_struct registers{};
  (void)ptrace(PTRACE_GETREGS, process, nullptr, &registers);
  return registers.rip;
}

struct Interruption {
  int (*play)(Tracking);
  __ptrace_request step;  // by instructions, or from and to the kernel
};

/// How it ended, as waitpid(2) gives it, when it was interrupted after so many steps of the handler
/// of its first fault; -1: that has fewer.
int interrupted_after(unsigned steps, Interruption interruption, Tracking tracking, int signal) {
  const pid_t tracee = fork();
  if (tracee == 0) _exit(interruption.play(tracking));
  int status = 0;
  const auto go_on = [&](auto how, int with) {
    (void)ptrace(how, tracee, nullptr, with);
    (void)waitpid(tracee, &status, 0);
    return WIFSTOPPED(status);
  };
  (void)waitpid(tracee, &status, 0);  // SIGSTOP
  if (!WIFSTOPPED(status)) return status;
  if (!go_on(PTRACE_CONT, 0) || WSTOPSIG(status) != signal) {
    const int first = status;
    if (WIFSTOPPED(status)) {
      (void)kill(tracee, SIGKILL);
      (void)waitpid(tracee, &status, 0);
    }
    return first;
  }
  const std::uint64_t faulted = instruction(tracee);
  bool inside = go_on(PTRACE_SINGLESTEP, signal);  // to the first instruction of the handler
  for (unsigned i = 0; inside && i < steps; ++i) {
    inside = go_on(interruption.step, 0) && instruction(tracee) != faulted;
  }
  for (int next = SIGUSR1; go_on(PTRACE_CONT, next);) next = WSTOPSIG(status);
  return inside ? status : -1;
}

class InterruptedHandlers : public EveryTracking {
 protected:
  static void at_every_step(Interruption interruption, unsigned least_tries);
};

void InterruptedHandlers::at_every_step(Interruption interruption, unsigned least_tries) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer handles signals itself, and takes long to step";
  const int signal = tracker_kind(GetParam()).signal;
  if (signal == 0) GTEST_SKIP() << "its first writes are no signals";
  unsigned tries = 0;
  for (unsigned steps = 0;; steps += 1 + steps / 16) {
    const int status = interrupted_after(steps, interruption, GetParam(), signal);
    if (status == -1) break;
    if (WIFEXITED(status) && WEXITSTATUS(status) == kForbidden) {
      GTEST_SKIP() << "ptrace(2) is forbidden here";
    }
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
        << "after " << steps << " steps: status " << status;
    ++tries;
  }
  EXPECT_GT(tries, least_tries);
}

TEST_P(InterruptedHandlers, AreInterruptedByFirstWrites) {
  at_every_step({is_interrupted, PTRACE_SINGLESTEP}, 20);
}

TEST_P(InterruptedHandlers, MayBeLeftByAJump) { at_every_step({is_left, PTRACE_SYSCALL}, 1); }

INSTANTIATE_TEST_SUITE_P(Tracked, InterruptedHandlers, every_tracking(), name_of_tracking);

#endif

}  // namespace
}  // namespace cleave::detail
