// A heap whose memory is put back is the heap that it was. Copies of the whole range stand for
// commit and checkout.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include <cleave/must.h>

#include "tests/heap/heap_memory.h"
#include "tests/support/failure.h"
#include "tests/support/together.h"

namespace cleave::detail {
namespace {

using HeapRollback = OnAHeap;

// Allocates and frees, and tells every address on the way.
std::vector<void*> busy(Heap heap, unsigned seed, std::vector<void*>& live) {
  std::mt19937 random(seed);
  std::vector<void*> told;
  for (int i = 0; i < 3000; ++i) {
    if (live.empty() || random() % 3 != 0) {
      void* block = heap.allocate(random() % 40 == 0 ? random() % 200'000 : random() % 3000);
      told.push_back(block);
      if (block != nullptr) live.push_back(block);
    } else {
      std::swap(live[random() % live.size()], live.back());
      heap.deallocate(live.back());
      live.pop_back();
    }
  }
  return told;
}

TEST_F(HeapRollback, FreesWhatWasAllocatedSince) {
  const Saved saved(memory.bytes());
  std::vector<void*> live;
  (void)busy(heap, 1, live);
  saved.put_back(memory.bytes());
  expect_empty();
}

TEST_F(HeapRollback, BringsBackWhatWasFreedSince) {
  std::vector<void*> blocks;
  for (int i = 0; i < 1000; ++i) {
    blocks.push_back(heap.allocate(200));
    std::memset(blocks.back(), i % 256, 200);
  }
  const Saved saved(memory.bytes());
  for (void* block : blocks) heap.deallocate(block);
  std::vector<void*> live;
  (void)busy(heap, 2, live);
  saved.put_back(memory.bytes());

  EXPECT_EQ(heap.statistics().blocks, 1000u);
  void* fresh = heap.allocate(200);
  EXPECT_EQ(std::ranges::count(blocks, fresh), 0);
  for (int i = 0; i < 1000; ++i)
    EXPECT_TRUE(is_filled(blocks[static_cast<std::size_t>(i)], 200, i % 256));
  for (void* block : blocks) heap.deallocate(block);
}

TEST_F(HeapRollback, MakesTheSameCallsGiveTheSameAddresses) {
  std::vector<void*> live;
  (void)busy(heap, 3, live);
  const Saved saved(memory.bytes());
  const std::vector<void*> live_then = live;
  const std::vector<void*> once = busy(heap, 4, live);
  saved.put_back(memory.bytes());
  live = live_then;
  const std::vector<void*> again = busy(heap, 4, live);
  EXPECT_EQ(once, again);
}

TEST_F(HeapRollback, ReachesTheBlocksThatOtherThreadsWouldHandOutNext) {
  std::vector<void*> theirs;
  std::vector<void*> live;
  // The other thread lives on, and still believes nothing about the heap.
  std::atomic<int> step{0};
  std::vector<void*> once;
  std::vector<void*> again;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) theirs.push_back(heap.allocate(64));
    step = 1;
    while (step != 2) std::this_thread::yield();
    for (int i = 0; i < 50; ++i) heap.deallocate(theirs[static_cast<std::size_t>(i)]);
    for (int i = 0; i < 80; ++i) once.push_back(heap.allocate(64));
    step = 3;
    while (step != 4) std::this_thread::yield();
    for (int i = 0; i < 50; ++i) heap.deallocate(theirs[static_cast<std::size_t>(i)]);
    for (int i = 0; i < 80; ++i) again.push_back(heap.allocate(64));
  });
  while (step != 1) std::this_thread::yield();
  const Saved saved(memory.bytes());
  step = 2;
  while (step != 3) std::this_thread::yield();
  saved.put_back(memory.bytes());
  EXPECT_EQ(heap.statistics().blocks, 100u);
  step = 4;
  other.join();
  EXPECT_EQ(once, again);
  EXPECT_EQ(heap.statistics().blocks, 130u);
}

TEST_F(HeapRollback, KeepsFreesByOthersThatTheirOwnerHasNotSeen) {
  std::vector<void*> blocks;
  for (int i = 0; i < 300; ++i) blocks.push_back(heap.allocate(64));
  std::thread([&] {
    for (void* block : blocks) heap.deallocate(block);
  }).join();
  const Saved saved(memory.bytes());
  for (int i = 0; i < 300; ++i) (void)heap.allocate(64);
  saved.put_back(memory.bytes());
  expect_empty();
  for (int i = 0; i < 300; ++i) (void)heap.allocate(64);
  EXPECT_EQ(heap.statistics().blocks, 300u);
}

TEST_F(HeapRollback, WorksAtAnyTimeBetweenCallsOfManyThreads) {
  std::vector<Saved> moments;
  for (unsigned round = 0; round < 5; ++round) {
    together(3, [&](unsigned self) {
      std::vector<void*> live;
      (void)busy(heap, round * 3 + self, live);
      for (void* block : live) heap.deallocate(block);
    });
    moments.emplace_back(memory.bytes());
  }
  for (const std::size_t moment : {2U, 0U, 4U, 1U, 3U}) {
    moments[moment].put_back(memory.bytes());
    expect_empty();
    together(3, [&](unsigned self) {
      std::vector<void*> live;
      (void)busy(heap, self, live);
    });
    expect_whole();
  }
}

TEST_F(HeapRollback, LeavesNothingBehindAfterTheHeapWasFull) {
  const Saved saved(memory.bytes());
  while (heap.allocate(1000) != nullptr) {
  }
  saved.put_back(memory.bytes());
  expect_empty();
  EXPECT_NE(heap.allocate(8'000'000), nullptr);
}

TEST_F(HeapRollback, GivesZeroesAgainWhereThereWereZeroes) {
  const Saved saved(memory.bytes());
  for (int round = 0; round < 3; ++round) {
    void* block = heap.allocate_zeroed(200'000);
    EXPECT_TRUE(is_filled(block, 200'000, 0));
    std::memset(block, 0xff, 200'000);
    if (round % 2 == 0) saved.put_back(memory.bytes());
  }
}

TEST_F(HeapRollback, OfACopyMakesAHeapElsewhere) {
  std::vector<void*> live;
  (void)busy(heap, 5, live);
  HeapMemory elsewhere(memory.bytes().size());
  std::ranges::copy(memory.bytes(), elsewhere.bytes().begin());
  Heap copy = must(Heap::open(elsewhere.bytes()));
  EXPECT_EQ(copy.statistics().blocks, live.size());
  for (void* block : live) {
    copy.deallocate(elsewhere.bytes().data() +
                    (static_cast<std::byte*>(block) - memory.bytes().data()));
  }
  EXPECT_EQ(copy.statistics().blocks, 0u);
  EXPECT_FALSE(copy.check().has_value());
  EXPECT_EQ(heap.statistics().blocks, live.size());
}

TEST_F(HeapRollback, GoesOnInAChildOfForkThatOpensIt) {
  std::vector<void*> live;
  (void)busy(heap, 6, live);
  const pid_t child = fork();
  if (child == 0) {
    auto opened = Heap::open(memory.bytes());
    bool good = opened.has_value();
    if (good) {
      for (void* block : live) opened->deallocate(block);
      good = opened->statistics().blocks == 0 && !opened->check().has_value();
    }
    _exit(good ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(heap.statistics().blocks, live.size());
}

}  // namespace
}  // namespace cleave::detail
