// Threads that wait on what a checkout would change under them.
#include "sync/waiters/waiters.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <new>
#include <semaphore>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <cleave/c.h>

#include "tests/arena/every_tracking.h"
#include "tests/support/failure.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

using namespace literals;

class Waiters : public EveryTracking {
 protected:
  Arena make_watchful() {
    return must(Arena::create(pool_, 1_MiB, {.tracking = GetParam(), .catch_waiters = true}));
  }
  template <class T>
  static T* in(Arena& arena) {
    arena.mark_dirty(arena.data(), sizeof(T));
    return new (arena.data()) T;
  }
  /// Until a thread sleeps there, which is what the test is about.
  static void wait_for_a_sleeper(const Arena& arena) {
    while (check_waiters(arena.memory(), "a test")) std::this_thread::yield();
  }
  static Address address_of(const void* at) {
    return Address{reinterpret_cast<std::uintptr_t>(at)};
  }
  static bool lies_in(const Arena& arena, const Error& error) {
    return arena.contains(reinterpret_cast<const void*>(raw(error.where)));
  }
};

struct Shared {
  std::mutex lock;
  std::condition_variable changed;
  bool go = false;
};

TEST_P(Waiters, OnAConditionVariableAreNamedRatherThanLeftAsleep) {
  Arena arena = make_watchful();
  auto* shared = in<Shared>(arena);
  const Commit before = must(arena.commit());
  arena.mark_dirty(arena.data(), sizeof(Shared));
  std::thread worker([&] {
    std::unique_lock held(shared->lock);
    shared->changed.wait(held, [&] { return shared->go; });
  });
  wait_for_a_sleeper(arena);
  testing::internal::CaptureStderr();
  const auto refused = arena.checkout(before);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(fails_with(refused, Errc::not_permitted));
  EXPECT_TRUE(!refused && lies_in(arena, refused.error()));
  EXPECT_NE(said.find("cleave: thread "), std::string::npos) << said;
  EXPECT_NE(said.find("waits on 0x"), std::string::npos) << said;
  EXPECT_NE(said.find("a checkout is refused"), std::string::npos) << said;
  EXPECT_TRUE(fails_with(arena.commit(), Errc::not_permitted));
  EXPECT_TRUE(fails_with(arena.revert(), Errc::not_permitted));
  {
    const std::lock_guard held(shared->lock);
    shared->go = true;
  }
  shared->changed.notify_one();
  worker.join();
  EXPECT_TRUE(holds(arena.checkout(before))) << "nobody waits any more";
}

TEST_P(Waiters, OnAMutexAreNamed) {
  Arena arena = make_watchful();
  auto* lock = in<std::mutex>(arena);
  lock->lock();
  std::thread worker([&] { const std::lock_guard held(*lock); });
  wait_for_a_sleeper(arena);
  EXPECT_TRUE(fails_at(arena.revert(), Errc::not_permitted, address_of(lock)));
  lock->unlock();
  worker.join();
}

TEST_P(Waiters, OnASemaphoreAreNamed) {
  Arena arena = make_watchful();
  arena.mark_dirty(arena.data(), sizeof(std::counting_semaphore<>));
  auto* gate = new (arena.data()) std::counting_semaphore<>(0);
  std::thread worker([&] { gate->acquire(); });
  wait_for_a_sleeper(arena);
  EXPECT_TRUE(fails_with(arena.commit(), Errc::not_permitted));
  gate->release();
  worker.join();
}

TEST_P(Waiters, InASystemCallThatWillWriteAreNamed) {
  Arena arena = make_watchful();
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  arena.mark_dirty(arena.data() + 4096, 1);
  std::thread worker([&] { (void)!read(ends[0], arena.data() + 4096, 1); });
  wait_for_a_sleeper(arena);
  EXPECT_TRUE(fails_at(arena.revert(), Errc::not_permitted, address_of(arena.data() + 4096)));
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  worker.join();
  close(ends[0]);
  close(ends[1]);
}

TEST_P(Waiters, WhoseStackLiesInTheArenaAreNamed) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer keeps a list of stacks";
  Arena arena = make_watchful();
  arena.mark_dirty(arena.data(), arena.size());
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (pthread_attr_setstack(&attributes, arena.data(), 512 << 10) != 0) {
    GTEST_SKIP() << "no thread takes such a stack";
  }
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  struct Reading {
    int from;
    char into;
  };
  Reading reading{ends[0], 0};
  pthread_t worker{};
  const auto body = [](void* it) -> void* {
    (void)!read(static_cast<Reading*>(it)->from, &static_cast<Reading*>(it)->into, 1);
    return nullptr;
  };
  const int failed = pthread_create(&worker, &attributes, body, &reading);
  pthread_attr_destroy(&attributes);
  if (failed != 0) GTEST_SKIP() << std::strerror(failed);
  wait_for_a_sleeper(arena);
  const auto refused = arena.revert();
  EXPECT_TRUE(fails_with(refused, Errc::not_permitted));
  EXPECT_TRUE(!refused && lies_in(arena, refused.error()));
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  pthread_join(worker, nullptr);
  close(ends[0]);
  close(ends[1]);
}

TEST_P(Waiters, ThatHoldARobustMutexAreNamed) {
  Arena arena = make_watchful();
  auto* lock = in<pthread_mutex_t>(arena);
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(lock, &attributes);
  pthread_mutexattr_destroy(&attributes);
  std::binary_semaphore locked{0};
  std::binary_semaphore enough{0};
  std::thread worker([&] {
    pthread_mutex_lock(lock);
    locked.release();
    enough.acquire();
    pthread_mutex_unlock(lock);
  });
  locked.acquire();
  const auto refused = arena.commit();
  EXPECT_TRUE(fails_with(refused, Errc::not_permitted));
  EXPECT_TRUE(!refused && lies_in(arena, refused.error()));
  enough.release();
  worker.join();
  EXPECT_TRUE(holds(arena.commit()));
}

TEST_P(Waiters, OutsideOfTheArenaAreLeftInPeace) {
  Arena arena = make_watchful();
  Shared outside;
  std::thread worker([&] {
    std::unique_lock held(outside.lock);
    outside.changed.wait(held, [&] { return outside.go; });
  });
  for (int round = 0; round < 20; ++round) {
    write(arena, 0, "new");
    ASSERT_TRUE(holds(arena.commit()));
    ASSERT_TRUE(holds(arena.revert()));
  }
  {
    const std::lock_guard held(outside.lock);
    outside.go = true;
  }
  outside.changed.notify_one();
  worker.join();
}

TEST(WaitersInC, AreCaughtByAFlag) {
  cleave_pool* pool = cleave_pool_create(16 << 20, nullptr);
  cleave_arena_options options{};
  options.size = sizeof options;
  options.flags = CLEAVE_ARENA_CATCH_WAITERS;
  cleave_arena* arena = cleave_arena_create(pool, 1 << 20, &options, nullptr);
  ASSERT_NE(arena, nullptr);
  auto* lock = new (cleave_arena_data(arena)) std::mutex;
  lock->lock();
  std::thread worker([&] { const std::lock_guard held(*lock); });
  const std::span<const std::byte> memory(static_cast<std::byte*>(cleave_arena_data(arena)),
                                          cleave_arena_size(arena));
  while (check_waiters(memory, "a test")) std::this_thread::yield();
  cleave_error error{};
  EXPECT_EQ(cleave_arena_revert(arena, &error), CLEAVE_NOT_PERMITTED);
  lock->unlock();
  worker.join();
  cleave_arena_release(arena);
  cleave_pool_release(pool);
}

INSTANTIATE_TEST_SUITE_P(By, Waiters, every_tracking(), name_of_tracking);

}  // namespace
}  // namespace cleave::detail
