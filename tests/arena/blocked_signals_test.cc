// What no signal can be raised for: writes of threads and handlers that block it, of the kernel on
// a program's behalf, and to the very stack that the signal's frame would go to.
#include <pthread.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <thread>

#include "tests/arena/every_tracking.h"
#include "tests/support/child.h"
#include "tests/support/failure.h"
#include "tests/support/sanitized.h"
#include "tests/support/seccomp.h"

namespace cleave::detail {
namespace {

using namespace literals;

/// For a scope, in the calling thread.
class Blocked {
 public:
  explicit Blocked(int signal) {
    sigset_t only;
    (void)sigemptyset(&only);
    (void)sigaddset(&only, signal);
    (void)pthread_sigmask(SIG_BLOCK, &only, &before_);
  }
  ~Blocked() { (void)pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  Blocked(const Blocked&) = delete;
  Blocked& operator=(const Blocked&) = delete;

 private:
  sigset_t before_{};
};

class BlockedSignals : public EveryTracking {
 protected:
  static int signal() { return tracker_kind(GetParam()).signal; }
  static bool is_raised() { return signal() != 0; }
};

TEST_P(BlockedSignals, AreRefusedWhereTheArenaIsMade) {
  for (const int blocked : {SIGSEGV, SIGBUS}) {
    const Blocked here(blocked);
    const auto made = Arena::create(pool_, 64_KiB, {.tracking = GetParam()});
    if (blocked != signal()) {
      EXPECT_TRUE(holds(made));
      continue;
    }
    ASSERT_TRUE(fails_with(made, Errc::unsupported));
    EXPECT_NE(std::string(made.error().what).find("this thread blocks SIG"), std::string::npos);
  }
  EXPECT_TRUE(holds(Arena::create(pool_, 64_KiB, {.tracking = GetParam()})));
}

TEST_P(BlockedSignals, MayBeBlockedByAThreadThatDoesNotWriteFirst) {
  Arena arena = make();
  const Commit before = arena.head();
  write(arena, 0, "a");
  std::thread([&] {
    const Blocked segv(SIGSEGV);
    const Blocked bus(SIGBUS);
    arena.mark_dirty(arena.data() + 5 * kPageSize, 1);
    arena.data()[5 * kPageSize] = std::byte{1};
    (void)must(arena.commit());
    must(arena.checkout(before));
  }).join();
  EXPECT_EQ(text_at(arena, 0, 1), std::string(1, '\0'));
  EXPECT_EQ(arena.data()[5 * kPageSize], std::byte{0});
}

Arena* written = nullptr;

TEST_P(BlockedSignals, MayBeBlockedByAHandlerThatSaysWhatItWrites) {
  Arena arena = make();
  written = &arena;
  const Commit before = arena.head();
  struct sigaction theirs {};
  struct sigaction old {};
  theirs.sa_handler = [](int) {
    written->mark_dirty(written->data() + 7 * kPageSize, 1);
    written->data()[7 * kPageSize] = std::byte{7};
  };
  (void)sigfillset(&theirs.sa_mask);
  (void)sigaction(SIGUSR1, &theirs, &old);
  for (int round = 0; round < 3; ++round) {
    (void)raise(SIGUSR1);
    EXPECT_EQ(must(arena.commit()).pages(), 1u);
    must(arena.checkout(before));
    EXPECT_EQ(arena.data()[7 * kPageSize], std::byte{0});
  }
  (void)sigaction(SIGUSR1, &old, nullptr);
}

// The kernel's word, which the documentation gives.
TEST_P(BlockedSignals, EndTheProcessWhoseThreadWritesFirst) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer handles signals itself";
  const Ended ended = child([] {
    Pool pool = must(Pool::create(1_MiB));
    Arena arena = must(Arena::create(pool, 64_KiB, {.tracking = GetParam()}));
    const Blocked segv(SIGSEGV);
    const Blocked bus(SIGBUS);
    write(arena, 0, "a");
    say("%d", static_cast<int>(must(arena.commit()).pages()));
  });
  if (is_raised()) {
    EXPECT_TRUE(WIFSIGNALED(ended.status));
    EXPECT_EQ(WTERMSIG(ended.status), signal());
  } else {
    EXPECT_EQ(ended.said, "1");
  }
}

TEST_P(BlockedSignals, ReachWhoeverWaitsForThem) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer handles signals itself";
  EXPECT_TRUE(is_well(child([] {
    Pool pool = must(Pool::create(1_MiB));
    Arena arena = must(Arena::create(pool, 64_KiB, {.tracking = GetParam()}));
    const int sent = is_raised() ? signal() : SIGSEGV;
    const Blocked here(sent);
    sigset_t only;
    (void)sigemptyset(&only);
    (void)sigaddset(&only, sent);
    siginfo_t got{};
    (void)sigqueue(getpid(), sent, {.sival_int = 9});
    if (sigwaitinfo(&only, &got) != sent || got.si_value.sival_int != 9) say("sigwaitinfo;");
    const int file = signalfd(-1, &only, SFD_CLOEXEC);
    (void)raise(sent);
    signalfd_siginfo read_back{};
    if (read(file, &read_back, sizeof read_back) != sizeof read_back) say("signalfd;");
    if (static_cast<int>(read_back.ssi_signo) != sent) say("another signal;");
  })));
}

// A system call that writes for the program raises no signal: it fails, until the pages are marked.
TEST_P(BlockedSignals, HaveSystemCallsFailThatWriteToWhatIsNotMarked) {
  Arena arena = make();
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const auto fill = [&] { ASSERT_EQ(::write(ends[1], "abcdefgh", 8), 8); };
  const auto empty = [&] {
    std::array<char, 8> rest{};
    ASSERT_EQ(read(ends[0], rest.data(), rest.size()), 8);
  };
  std::byte* const at = arena.data() + 3 * kPageSize - 4;  // across two pages
  const Commit before = arena.head();

  fill();
  const ssize_t got = read(ends[0], at, 8);
  if (is_raised()) {
    EXPECT_EQ(got, -1);
    EXPECT_EQ(errno, EFAULT);
    empty();
    EXPECT_EQ(syscall(SYS_getcwd, arena.data() + 9 * kPageSize, 1000), -1);
    EXPECT_EQ(errno, EFAULT);
  } else {
    EXPECT_EQ(got, 8);
  }

  fill();
  arena.mark_dirty(at, 8);
  EXPECT_EQ(read(ends[0], at, 8), 8);
  EXPECT_EQ(text_at(arena, 3 * kPageSize - 4, 8), "abcdefgh");
  EXPECT_EQ(must(arena.commit()).pages(), 2u);

  fill();
  {
    const ArenaPin pin = must(arena.pin(at, 8, PinAccess::write));
    const iovec piece = pin.pieces().front();
    EXPECT_EQ(readv(ends[0], &piece, 1), 8);
  }
  must(arena.checkout(before));
  EXPECT_EQ(at[0], std::byte{0});
  EXPECT_EQ(at[7], std::byte{0});
  close(ends[0]);
  close(ends[1]);
}

// 512 KiB of frames, with pages that nobody wrote before.
[[gnu::noinline]] int go_deep(int depth) {
  std::array<volatile char, 4000> frame{};
  frame[static_cast<std::size_t>(depth)] = 1;
  return depth == 0 ? frame[0] : go_deep(depth - 1) + frame[static_cast<std::size_t>(depth)];
}

struct Deep {
  bool has_alternate_stack;
  int result = 0;
};

void* run_deep(void* argument) {
  static std::array<std::byte, 256 << 10> alternate;
  auto& deep = *static_cast<Deep*>(argument);
  if (deep.has_alternate_stack) {
    stack_t stack{};
    stack.ss_sp = alternate.data();
    stack.ss_size = alternate.size();
    (void)sigaltstack(&stack, nullptr);
  }
  deep.result = go_deep(120);
  return nullptr;
}

Ended with_a_stack_in_the_arena(bool has_alternate_stack) {
  return child([=] {
    Pool pool = must(Pool::create(16_MiB));
    Arena arena = must(Arena::create(pool, 1_MiB, {.tracking = EveryTracking::GetParam()}));
    // Where the thread library keeps what the kernel writes, too.
    arena.mark_dirty(arena.data() + arena.size().value - 5 * kPageSize, 5 * kPageSize);
    static Deep deep;
    deep = {has_alternate_stack};
    pthread_attr_t attributes;
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstack(&attributes, arena.data(), arena.size().value);
    pthread_t thread{};
    if (pthread_create(&thread, &attributes, run_deep, &deep) != 0) say("no thread;");
    (void)pthread_join(thread, nullptr);
    if (deep.result != 121) say("%d;", deep.result);
    if (tracker_kind(EveryTracking::GetParam()).notices && must(arena.commit()).pages() < 120) {
      say("pages were missed;");
    }
  });
}

TEST_P(BlockedSignals, AreNotNeededForAStackInTheArenaBesideAnAlternateOneOutside) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer keeps stacks of its own";
  EXPECT_TRUE(is_well(with_a_stack_in_the_arena(true)));
}

TEST_P(BlockedSignals, CannotBeRaisedForAStackInTheArenaWithoutAnAlternateOne) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer keeps stacks of its own";
  const Ended ended = with_a_stack_in_the_arena(false);
  if (is_raised()) {
    EXPECT_TRUE(WIFSIGNALED(ended.status));
    EXPECT_EQ(WTERMSIG(ended.status), SIGSEGV);
  } else {
    EXPECT_TRUE(is_well(ended));
  }
}

INSTANTIATE_TEST_SUITE_P(Tracked, BlockedSignals, every_tracking(), name_of_tracking);

TEST(AutomaticTracking, IsRefusedWhereAllItCouldTakeIsBlockedOrForbidden) {
  EXPECT_TRUE(is_well(child([] {
    const std::array denied{Denied{SYS_userfaultfd, EPERM}};
    if (!deny(denied)) return;
    const Blocked here(SIGSEGV);
    Pool pool = must(Pool::create(1_MiB));
    const auto made = Arena::create(pool, 64_KiB);
    if (made) return say("it was made");
    if (made.error().code != Errc::unsupported) say("%s", made.error().what);
    if (!Arena::create(pool, 64_KiB, {.tracking = Tracking::software})) say("not even by software");
  })));
}

TEST(AutomaticTracking, IsNotTakenForMissingWhereADescriptorIs) {
  EXPECT_TRUE(is_well(child([] {
    if (!try_tracking(Tracking::async)) return;
    while (dup(0) >= 0) {
    }
    const auto tried = try_tracking(Tracking::automatic);
    if (tried) return say("it works");
    if (tried.error().code != Errc::no_memory) say("%s", tried.error().message().c_str());
  })));
}

}  // namespace
}  // namespace cleave::detail
