#include <atomic>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/arena.h>
#include <cleave/must.h>
#include <cleave/quiesce.h>

#include "tests/support/child.h"

namespace cleave::detail {
namespace {

using namespace literals;

TEST(Quiesce, StopsAtOnceWhereNoThreadWorks) {
  Quiesce quiesce;
  { const auto stopped = quiesce.stop(); }
  const auto again = quiesce.stop();
}

TEST(Quiesce, WaitsForWorkersToComePastAPausePoint) {
  Quiesce quiesce;
  std::atomic<bool> started{false};
  std::atomic<bool> end{false};
  std::atomic<std::uint64_t> steps{0};
  std::thread thread([&] {
    Quiesce::Worker worker(quiesce);
    started = true;
    while (!end) {
      ++steps;
      worker.pause_point();
    }
  });
  while (!started) std::this_thread::yield();
  for (int round = 0; round < 50; ++round) {
    const auto stopped = quiesce.stop();
    const std::uint64_t before = steps;
    std::this_thread::yield();
    ASSERT_EQ(steps, before);
  }
  end = true;
  thread.join();
}

TEST(Quiesce, DoesNotWaitForWorkersThatAreAway) {
  Quiesce quiesce;
  std::atomic<bool> away{false};
  std::atomic<bool> back{false};
  std::thread thread([&] {
    Quiesce::Worker worker(quiesce);
    const Quiesce::Worker::Away gone(worker);
    away = true;
    while (!back) std::this_thread::yield();
  });
  while (!away) std::this_thread::yield();
  { const auto stopped = quiesce.stop(); }
  back = true;
  thread.join();
}

TEST(Quiesce, IsStoppedByAWorkerThatIsAwayAsByAnyOther) {
  Quiesce quiesce;
  std::atomic<bool> end{false};
  std::atomic<std::uint64_t> steps{0};
  std::thread thread([&] {
    Quiesce::Worker worker(quiesce);
    while (!end) {
      ++steps;
      worker.pause_point();
    }
  });
  while (steps == 0) std::this_thread::yield();
  {
    Quiesce::Worker worker(quiesce);
    for (int round = 0; round < 50; ++round) {
      const Quiesce::Worker::Away away(worker);
      const Quiesce::Worker::Away further(worker);
      worker.pause_point();
      const auto stopped = quiesce.stop(worker);
      const std::uint64_t before = steps;
      std::this_thread::yield();
      ASSERT_EQ(steps, before) << "the other one goes on";
    }
  }
  end = true;
  thread.join();
}

TEST(Quiesce, LetsWorkersStopEachOther) {
  Quiesce quiesce;
  int inside = 0;  // unguarded: the stop is the guard, and ThreadSanitizer looks on
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      Quiesce::Worker worker(quiesce);
      for (int round = 0; round < 200; ++round) {
        {
          const auto stopped = quiesce.stop(worker);
          ++inside;
        }
        worker.pause_point();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(inside, 800);
}

// Each worker keeps two words equal, far apart in the arena, but for moments between its pause
// points.
TEST(Quiesce, MakesCommitsThatShowNoHalfDoneWork) {
  Pool pool = must(Pool::create(64_MiB));
  Arena arena = must(Arena::create(pool, 1_MiB));
  Quiesce quiesce;
  constexpr std::size_t kWorkers = 3;
  std::atomic<bool> end{false};
  const auto word = [&](std::size_t worker, std::size_t which) {
    return reinterpret_cast<std::uint64_t*>(arena.data() + (worker * 2 + which) * 32'768);
  };
  std::vector<std::thread> threads;
  for (std::size_t w = 0; w < kWorkers; ++w) {
    threads.emplace_back([&, w] {
      Quiesce::Worker worker(quiesce);
      while (!end) {
        ++*word(w, 0);
        ++*word(w, 1);
        worker.pause_point();
      }
    });
  }
  std::vector<Commit> commits;
  for (int round = 0; round < 100; ++round) {
    const auto stopped = quiesce.stop();
    if (round % 3 == 2) {
      must(arena.checkout(commits[static_cast<std::size_t>(round) / 2 % commits.size()]));
    } else {
      commits.push_back(must(arena.commit()));
    }
    for (std::size_t w = 0; w < kWorkers; ++w) ASSERT_EQ(*word(w, 0), *word(w, 1)) << round;
  }
  end = true;
  for (std::thread& thread : threads) thread.join();
  for (const Commit& commit : commits) {
    must(arena.checkout(commit));
    for (std::size_t w = 0; w < kWorkers; ++w) ASSERT_EQ(*word(w, 0), *word(w, 1));
  }
}

// The thread that had stopped the others, and the one that was at work, are the parent's.
TEST(Quiesce, WaitsForNoThreadOfTheParentInAChildOfFork) {
  Quiesce stopped_before;
  const auto stopped = stopped_before.stop();
  Quiesce at_work;
  const Quiesce::Worker worker(at_work);
  EXPECT_TRUE(is_well(child([&] {
    { const auto again = stopped_before.stop(); }
    const auto again = stopped_before.stop();
    {
      Quiesce::Worker mine(stopped_before);
      mine.pause_point();
      const Quiesce::Worker::Away away(mine);
    }
    { const auto at_once = at_work.stop(); }
  })));
}

}  // namespace
}  // namespace cleave::detail
