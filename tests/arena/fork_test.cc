// fork(2) in the middle of the caller's own calls, twice over, and by a signal handler.
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <memory_resource>
#include <optional>

#include <gtest/gtest.h>

#include <cleave/arena.h>
#include <cleave/memory_resource.h>
#include <cleave/must.h>
#include <cleave/space.h>

#include "tests/support/child.h"
#include "tests/support/failure.h"
#include "tests/support/on_a_pool.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

using namespace literals;

using ArenaFork = OnAPool;

int status_of(pid_t child) {
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

/// A pool, a space and an arena of the calling process's own, and what they are good for.
bool has_its_own() {
  const Pool own = must(Pool::create(8_MiB));
  Space space = must(Space::create(own));
  const Address at = must(space.map(64_KiB));
  must(must(space.accessor()).store(at, 1));
  Arena arena = must(Arena::create(own, 1_MiB));
  arena.data()[0] = std::byte{1};
  const Commit one = must(arena.commit("one"));
  arena.data()[0] = std::byte{2};
  must(arena.checkout(one));
  return arena.data()[0] == std::byte{1} && arena.find("one") == one;
}

TEST_F(ArenaFork, InAVisitorLetsTheCallReturnInBoth) {
  Arena arena = must(Arena::create(pool, 1_MiB));
  const Commit empty = arena.head();
  arena.data()[0] = arena.data()[40960] = std::byte{1};
  const Commit written = must(arena.commit("written"));
  arena.data()[0] = std::byte{2};
  const pid_t parent = getpid();
  const auto forks = [&](const auto& visiting) {
    pid_t forked = -1;
    (void)visiting([&](const auto&...) {
      if (forked < 0) forked = fork();
    });
    if (getpid() != parent) _exit(arena.commit().has_value() ? 1 : 0);
    return forked;
  };
  EXPECT_EQ(status_of(forks([&](auto visit) { return arena.changes(visit); })), 0);
  EXPECT_EQ(status_of(forks([&](auto visit) { return arena.diff(empty, written, visit); })), 0);
  EXPECT_EQ(status_of(forks([&](auto visit) { return arena.for_each_commit(visit); })), 0);
  must(arena.checkout(written));
  EXPECT_EQ(arena.data()[0], std::byte{1});
}

TEST_F(ArenaFork, ByAChildsChildLosesWhatBothHad) {
  Arena arena = must(Arena::create(pool, 1_MiB));
  const pid_t child = fork();
  if (child == 0) {
    const Pool own = must(Pool::create(8_MiB));
    Arena second = must(Arena::create(own, 1_MiB));
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      const bool lost = arena.commit().error().code == Errc::not_permitted &&
                        second.commit().error().code == Errc::not_permitted;
      _exit(lost && has_its_own() ? 0 : 1);
    }
    _exit(status_of(grandchild) == 0 && second.commit() && !arena.commit() ? 0 : 1);
  }
  EXPECT_EQ(status_of(child), 0);
  EXPECT_TRUE(holds(arena.commit()));
}

// The pattern of docs/howto/fork.md: it is never ended, so that no child reads what it has not.
TEST(ArenaForkOfStatics, LeavesAContainerThatLiesInTheArenaAlone) {
  static Pool pool = must(Pool::create(8_MiB));
  static Arena arena = must(Arena::create(pool, 1_MiB));
  static HeapResource resource(must(Heap::create(arena.memory())));
  static auto* const scores =
      std::pmr::polymorphic_allocator<>(&resource).new_object<std::pmr::map<int, int>>();
  (*scores)[1] = 1;
  EXPECT_TRUE(is_well(exiting_child([] { return arena.commit() ? 1 : 0; })));
  EXPECT_EQ(scores->at(1), 1);
}

// Whatever the handler interrupted: it asks nothing that the thread may hold.
Arena* interrupted = nullptr;
volatile std::sig_atomic_t refused = 0;
void fork_and_ask(int /*signal*/) {
  const pid_t child = fork();
  if (child == 0) {
    _exit(interrupted->commit().error().code == Errc::not_permitted && !interrupted->find("one")
              ? 0
              : 1);
  }
  int status = -1;
  refused = waitpid(child, &status, 0) == child && status == 0;
}

TEST_F(ArenaFork, ByASignalHandlerInTheMiddleOfACallRefusesThere) {
  if (kThreadSanitized) GTEST_SKIP() << "ThreadSanitizer allocates at a fork, in a handler too";
  Arena arena = must(Arena::create(pool, 1_MiB));
  arena.data()[0] = std::byte{1};
  interrupted = &arena;
  struct sigaction before {};
  struct sigaction ours {};
  ours.sa_handler = fork_and_ask;
  ASSERT_EQ(sigaction(SIGUSR1, &ours, &before), 0);
  // Under the arena's lock.
  must(arena.changes(
      [](std::span<const std::byte>) { (void)pthread_kill(pthread_self(), SIGUSR1); }));
  ASSERT_EQ(sigaction(SIGUSR1, &before, nullptr), 0);
  EXPECT_EQ(refused, 1);
  EXPECT_TRUE(holds(arena.commit()));
}

// What daemon(3) does: the parent goes, and the child has lost what it had.
TEST_F(ArenaFork, LeavesADaemonWithWhatItMakesItself) {
  std::optional<Arena> arena = must(Arena::create(pool, 1_MiB));
  const pid_t child = fork();
  if (child == 0) {
    const pid_t daemon = fork();
    if (daemon != 0) _exit(status_of(daemon) == 0 ? 0 : 1);
    (void)setsid();
    for (int descriptor = 3; descriptor < 256; ++descriptor) (void)close(descriptor);
    int ends[2];
    bool good = pipe(ends) == 0;  // has the numbers that the arena's had
    arena.reset();
    good = good && write(ends[1], "x", 1) == 1;
    _exit(good && has_its_own() ? 0 : 1);
  }
  EXPECT_EQ(status_of(child), 0);
}

}  // namespace
}  // namespace cleave::detail
