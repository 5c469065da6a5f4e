// An arena in a host that forks, breaks the thread rule, runs out of memory, or asks for what is
// not there.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/arena.h>
#include <cleave/must.h>

#include "sync/memory.h"
#include "tests/support/failure.h"
#include "tests/support/far_below.h"
#include "tests/support/on_a_pool.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

using namespace literals;

using ArenaHost = OnAPool;
using ArenaHostDeathTest = OnAPool;

TEST_F(ArenaHost, LiesWhereItIsAskedTo) {
  void* const at = mmap(far_below(), 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(at, MAP_FAILED);
  ASSERT_EQ(munmap(at, 1 << 20), 0);
  const Arena arena = must(Arena::create(pool, 1_MiB, {.at = at}));
  EXPECT_EQ(arena.data(), at);
  EXPECT_TRUE(fails_with(Arena::create(pool, 1_MiB, {.at = at}), Errc::already_mapped));
}

TEST_F(ArenaHost, RefusesSizesAndAddressesThatAreNone) {
  EXPECT_TRUE(fails_with(Arena::create(pool, 0), Errc::bad_argument));
  EXPECT_TRUE(fails_with(Arena::create(pool, 100_TiB), Errc::bad_argument));
  void* const odd = reinterpret_cast<void*>(std::uintptr_t{0x3100'0000'0001});
  EXPECT_TRUE(fails_with(Arena::create(pool, 1_MiB, {.at = odd}), Errc::bad_argument));
  if (kThreadSanitized) return;  // which ends a process that asks the kernel for such an address
  void* const nobodys = reinterpret_cast<void*>(~std::uintptr_t{0xfffff});
  EXPECT_TRUE(fails_with(Arena::create(pool, 64_KiB, {.at = nobodys}), Errc::bad_argument));
}

TEST_F(ArenaHost, TakesNoMemoryForWhatWasNeverTouched) {
  Arena arena = must(Arena::create(pool, 64_GiB));
  arena.data()[20ull << 30] = std::byte{1};
  const Commit commit = must(arena.commit());
  EXPECT_EQ(commit.pages(), 1u);
  EXPECT_LE(used(), 2u);
  must(arena.revert());
  EXPECT_EQ(arena.data()[20ull << 30], std::byte{1});
}

TEST_F(ArenaHost, IsNotInAChildOfForkWhichSaysSo) {
  Arena arena = must(Arena::create(pool, 1_MiB));
  arena.data()[0] = std::byte{1};
  const Commit commit = must(arena.commit());
  const pid_t child = fork();
  if (child == 0) {
    const bool refused =
        arena.commit().error().code == Errc::not_permitted &&
        arena.checkout(commit).error().code == Errc::not_permitted &&
        arena.pin(arena.data(), 1, PinAccess::read).error().code == Errc::not_permitted &&
        arena.hold(arena.data(), 1).error().code == Errc::not_permitted;
    unsigned char resident = 0;
    const bool absent = mincore(arena.data(), 4096, &resident) != 0 && errno == ENOMEM;
    _exit(refused && absent ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  arena.data()[0] = std::byte{2};
  must(arena.checkout(commit));
  EXPECT_EQ(arena.data()[0], std::byte{1}) << "the parent goes on as if nothing had been";
}

// A userfaultfd that a child inherits still speaks of the parent's memory.
TEST_F(ArenaHost, LosesNoWriteToWhatAChildOfForkSaysAndDoes) {
  for (const Tracking tracking : {Tracking::async, Tracking::sigbus, Tracking::mprotect}) {
    SCOPED_TRACE(name(tracking));
    if (!try_tracking(tracking)) continue;
    Arena arena = must(Arena::create(pool, 1_MiB, {.tracking = tracking}));
    const Commit empty = must(arena.commit());
    const pid_t child = fork();
    if (child == 0) {
      arena.mark_dirty(arena.data(), 4096);
      { const Arena gone = std::move(arena); }
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    arena.data()[0] = std::byte{1};
    arena.data()[8192] = std::byte{1};
    EXPECT_EQ(must(arena.commit()).pages(), 2u);
    must(arena.checkout(empty));
    EXPECT_EQ(arena.data()[0], std::byte{0});
  }
}

TEST_F(ArenaHost, RefusesInAChildThoughAnotherThreadWasInsideAtTheFork) {
  Arena arena = must(Arena::create(pool, 1_MiB));
  arena.data()[0] = std::byte{1};
  const Commit head = arena.head();
  ArenaPin pin = must(arena.pin(arena.data(), 1, PinAccess::read));
  std::atomic<bool> inside{false};
  std::atomic<bool> forked{false};
  std::thread other([&] {
    must(arena.changes([&](std::span<const std::byte>) {
      inside = true;
      while (!forked) std::this_thread::yield();
    }));
  });
  while (!inside) std::this_thread::yield();
  const pid_t child = fork();
  if (child == 0) {
    (void)alarm(60);
    const bool refused =
        arena.commit().error().code == Errc::not_permitted &&
        arena.checkout(head).error().code == Errc::not_permitted &&
        arena.revert().error().code == Errc::not_permitted &&
        arena.changes([](auto) {}).error().code == Errc::not_permitted &&
        arena.pin(arena.data(), 1, PinAccess::read).error().code == Errc::not_permitted &&
        arena.hold(arena.data(), 1).error().code == Errc::not_permitted;
    pin.release();
    _exit(refused ? 0 : 1);
  }
  forked = true;
  other.join();
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(ArenaHost, ATouchInAChildOfForkEndsTheChild) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer handles SIGSEGV itself";
  for (const bool catch_writers : {false, true}) {
    Arena arena = must(Arena::create(pool, 1_MiB, {.catch_writers = catch_writers}));
    (void)must(arena.commit());
    const pid_t child = fork();
    if (child == 0) {
      arena.data()[0] = std::byte{3};
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGSEGV);
    EXPECT_EQ(arena.data()[0], std::byte{0});
  }
}

TEST_F(ArenaHostDeathTest, CatchesAWriterDuringACommit) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        Pool own = must(Pool::create(64_MiB));
        Arena arena = must(Arena::create(own, 16_MiB, {.catch_writers = true}));
        std::thread writer([&] {
          for (unsigned i = 0;; ++i) {
            *static_cast<volatile std::byte*>(arena.data() + i % (16u << 20)) = std::byte(i);
          }
        });
        for (;;) (void)must(arena.commit());
      },
      "touched the arena at 0x.* during a commit");
}

TEST_F(ArenaHost, IsNotHarmedByCatchingWriters) {
  for (const Tracking tracking : {Tracking::async, Tracking::sigbus, Tracking::software}) {
    SCOPED_TRACE(name(tracking));
    if (!try_tracking(tracking)) continue;
    Arena arena = must(Arena::create(pool, 1_MiB, {.tracking = tracking, .catch_writers = true}));
    const Commit empty = arena.head();
    const auto fill = [&](int value) {
      if (tracking == Tracking::software) arena.mark_dirty(arena.data(), 100 * 4096);
      std::memset(arena.data(), value, 100 * 4096);
    };
    fill(1);
    const Commit one = must(arena.commit());
    fill(2);
    must(arena.checkout(one));
    EXPECT_EQ(arena.data()[0], std::byte{1});
    must(arena.checkout(empty));
    EXPECT_EQ(arena.data()[0], std::byte{0});
    fill(3);
    EXPECT_EQ(must(arena.commit()).pages(), 100u);
  }
  EXPECT_TRUE(fails_with(
      Arena::create(pool, 1_MiB, {.tracking = Tracking::mprotect, .catch_writers = true}),
      Errc::unsupported));
}

TEST_F(ArenaHost, GoesOverToWhatIsCheaperAndBack) {
  if (kSanitized) GTEST_SKIP() << "measures time";
  Arena arena = must(Arena::create(pool, 32_MiB, {.system_calls_write = false}));
  std::memset(arena.data(), 1, arena.size().value);
  Commit start = must(arena.commit());
  if (arena.tracking_reason().find("cheaper") == std::string::npos) {
    GTEST_SKIP() << arena.tracking_reason();
  }
  const auto epochs_until = [&](Tracking tracking, std::size_t pages) {
    for (int epoch = 0; epoch < 20'000; ++epoch) {
      if (arena.statistics().tracking == tracking) return true;
      for (std::size_t page = 0; page < pages; ++page) arena.data()[page * 4096] = std::byte{2};
      must(arena.revert());
      if (arena.data()[0] != std::byte{1}) return false;
    }
    return false;
  };
  EXPECT_EQ(arena.statistics().tracking, Tracking::async);
  EXPECT_TRUE(epochs_until(Tracking::sigbus, 0));
  EXPECT_TRUE(epochs_until(Tracking::async, 500));
}

TEST_F(ArenaHost, TakesAFailureOfEveryAllocation) {
  for (const Tracking tracking : {Tracking::async, Tracking::sigbus, Tracking::software}) {
    for (std::uint64_t k = 1;; ++k) {
      SCOPED_TRACE(std::string(name(tracking)) + ", allocation " + std::to_string(k));
      sync::fail_allocation(k);
      {
        auto arena = Arena::create(pool, 1_MiB, {.tracking = tracking});
        if (arena) {
          std::optional<Commit> first;
          const auto set = [&](std::size_t page, int value) {
            arena->mark_dirty(arena->data() + page * 4096, 1);
            arena->data()[page * 4096] = std::byte(value);
          };
          set(3, 1);
          while (!first) {
            if (auto commit = arena->commit()) first = *commit;
          }
          set(3, 2);
          set(90, 2);
          auto second = arena->commit();
          if (!second) second = arena->commit();
          ASSERT_TRUE(holds(second));
          set(3, 3);
          auto back = arena->checkout(*first);
          if (!back) {
            ASSERT_EQ(arena->data()[3 * 4096], std::byte{3}) << "a failed checkout changes nothing";
            back = arena->checkout(*first);
          }
          ASSERT_TRUE(holds(back));
          ASSERT_EQ(arena->data()[3 * 4096], std::byte{1});
          ASSERT_EQ(arena->data()[90 * 4096], std::byte{0});
          ASSERT_TRUE(holds(arena->checkout(*second)));
          ASSERT_EQ(arena->data()[90 * 4096], std::byte{2});
        } else {
          ASSERT_TRUE(fails_with(arena, Errc::no_memory));
        }
      }
      if (!sync::allocation_failed()) break;
    }
    sync::fail_allocation(0);
  }
}

}  // namespace
}  // namespace cleave::detail
