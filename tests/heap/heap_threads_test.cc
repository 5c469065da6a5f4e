#include <atomic>
#include <mutex>
#include <thread>

#include "sync/thread_number.h"
#include "tests/heap/heap_memory.h"
#include "tests/support/sanitized.h"
#include "tests/support/together.h"

namespace cleave::detail {
namespace {

using HeapThreads = OnAHeap;

template <class Body>
void in_another_thread(Body&& body) {
  std::thread(std::forward<Body>(body)).join();
}

TEST_F(HeapThreads, FreeBlocksOfOneAnother) {
  std::vector<void*> blocks;
  in_another_thread([&] {
    for (std::size_t i = 0; i < 5000; ++i) blocks.push_back(heap.allocate(16 + i % 1000));
  });
  for (void* block : blocks) heap.deallocate(block);
  expect_empty();
}

TEST_F(HeapThreads, ReuseWhatOthersFreedForThem) {
  std::vector<void*> blocks(1000);
  for (void*& block : blocks) block = heap.allocate(64);
  const ByteCount pages = heap.statistics().pages;
  for (int round = 0; round < 50; ++round) {
    in_another_thread([&] {
      for (void* block : blocks) heap.deallocate(block);
    });
    for (void*& block : blocks) block = heap.allocate(64);
  }
  EXPECT_EQ(heap.statistics().pages, pages);
}

// What a program finds in its heap must not hang on which threads' numbers happen to be at hand.
std::vector<std::ptrdiff_t> places_of_blocks(Heap& heap, bool at_hand) {
  std::vector<std::ptrdiff_t> places;
  in_another_thread([&] {
    (void)sync::thread_number();
    if (!at_hand) sync::number::place_of(sync::number::thread_pointer()).store(0);
    std::mt19937 random(1);
    std::vector<void*> blocks(300);
    for (int i = 0; i < 20'000; ++i) {
      void*& block = blocks[random() % blocks.size()];
      heap.deallocate(block);
      block = heap.allocate(random() % 8 == 0 ? random() % 20'000 : random() % 300);
      places.push_back(static_cast<std::byte*>(block) - heap.memory().data());
    }
    for (void* block : blocks) heap.deallocate(block);
  });
  return places;
}

TEST_F(HeapThreads, GetTheSameBlocksWhetherTheirNumbersAreAtHandOrNot) {
  HeapMemory other_memory(memory.bytes().size());
  Heap other = must(Heap::create(other_memory.bytes()));
  EXPECT_EQ(places_of_blocks(heap, true), places_of_blocks(other, false));
  expect_empty();
}

TEST_F(HeapThreads, StopAtABlockThatTwoOfThemFree) {
  void* block = heap.allocate(64);
  EXPECT_DEATH(
      {
        in_another_thread([&] { heap.deallocate(block); });
        in_another_thread([&] { heap.deallocate(block); });
      },
      "freed already");
}

TEST_F(HeapThreads, StopWhenTheOwnerHearsOfABlockThatItKeepsForTheNext) {
  void* freed = heap.allocate(64);
  auto* next = static_cast<std::byte*>(freed) + 64;  // no caller has it yet
  heap.deallocate(freed);
  for (void* block : {freed, static_cast<void*>(next)}) {
    EXPECT_DEATH(
        {
          in_another_thread([&] { heap.deallocate(block); });
          (void)heap.allocate(1000);  // finds none of its size, and takes note
        },
        "freed already");
  }
}

TEST_F(HeapThreads, StopWhenTheOwnerHearsOfABlockThatItHasFreedToo) {
  std::vector<void*> blocks;
  for (int i = 0; i < 100; ++i) blocks.push_back(heap.allocate(64));
  EXPECT_DEATH(
      {
        in_another_thread([&] { heap.deallocate(blocks.back()); });
        for (void* block : blocks) heap.deallocate(block);
        (void)heap.allocate(15'000'000);
        (void)heap.allocate(15'000'000);
      },
      "freed already");
}

// Each allocates, writes, hands over and frees, in a range that is full at times.
TEST_F(HeapThreads, HandBlocksAroundWhileTheHeapIsNearlyFull) {
  struct Held {
    unsigned char* block;
    std::size_t bytes;
  };
  constexpr unsigned kThreads = 4;
  std::mutex lock;
  std::vector<Held> shelf;
  std::atomic<unsigned> refused{0};
  together(kThreads, [&](unsigned self) {
    std::mt19937 random(self);
    for (int i = 0; i < rounds(60'000); ++i) {
      Held held{nullptr, 0};
      if (random() % 2 == 0) {
        held.bytes = random() % 50 == 0 ? random() % 400'000 : random() % 2000;
        held.bytes = std::max<std::size_t>(held.bytes, 2);
        held.block = static_cast<unsigned char*>(heap.allocate(held.bytes));
        if (held.block == nullptr) {
          refused.fetch_add(1);
        } else {
          held.block[0] = held.block[held.bytes - 1] = static_cast<unsigned char>(held.bytes);
        }
      }
      const std::lock_guard guard(lock);
      if (held.block != nullptr) {
        shelf.push_back(held);
        if (shelf.size() < 10'000) continue;
      }
      if (shelf.empty()) continue;
      std::swap(shelf[random() % shelf.size()], shelf.back());
      held = shelf.back();
      shelf.pop_back();
      ASSERT_EQ(held.block[0], static_cast<unsigned char>(held.bytes));
      ASSERT_EQ(held.block[held.bytes - 1], static_cast<unsigned char>(held.bytes));
      heap.deallocate(held.block);
    }
  });
  expect_whole();
  EXPECT_EQ(heap.statistics().blocks, shelf.size());
  for (const Held& held : shelf) heap.deallocate(held.block);
  expect_empty();
}

TEST_F(HeapThreads, MayBeMoreThanHaveASlotOfTheirOwn) {
  together(80, [&](unsigned self) {
    std::vector<void*> own;
    for (int round = 0; round < rounds(200) + 5; ++round) {
      for (std::size_t i = 0; i < 20; ++i) {
        void* block = heap.allocate(32 + i * 16);
        ASSERT_NE(block, nullptr);
        std::memset(block, static_cast<int>(self), 32 + i * 16);
        own.push_back(block);
      }
      for (std::size_t i = 0; i < own.size(); ++i) {
        ASSERT_TRUE(is_filled(own[i], 32 + i * 16, static_cast<int>(self)));
        heap.deallocate(own[i]);
      }
      own.clear();
    }
  });
  expect_empty();
}

// What a full heap has left may lie in the slot of a thread that does not run, or no longer.

TEST_F(HeapThreads, FindTheMemoryThatAnEndedThreadLeft) {
  in_another_thread([&] {
    std::vector<void*> blocks;
    while (void* block = heap.allocate(48)) blocks.push_back(block);
    for (void* block : blocks) heap.deallocate(block);
  });
  EXPECT_NE(heap.allocate(heap.statistics().size.value / 2), nullptr);
}

TEST_F(HeapThreads, FindWhatTheyFreedForAnEndedThread) {
  std::vector<void*> blocks;
  in_another_thread([&] {
    while (void* block = heap.allocate(48)) blocks.push_back(block);
  });
  EXPECT_EQ(heap.allocate(48), nullptr);
  for (void* block : blocks) heap.deallocate(block);
  EXPECT_NE(heap.allocate(48), nullptr);
  EXPECT_NE(heap.allocate(heap.statistics().size.value / 2), nullptr);
}

TEST_F(HeapThreads, TakeOverFreeBlocksOfAnother) {
  std::vector<void*> blocks;
  in_another_thread([&] {
    while (void* block = heap.allocate(48)) blocks.push_back(block);
    // Every slab keeps a block that is in use, so none can be given back.
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (i % 50 != 0) heap.deallocate(blocks[i]);
    }
  });
  std::size_t got = 0;
  while (heap.allocate(48) != nullptr) ++got;
  EXPECT_EQ(got, blocks.size() - (blocks.size() + 49) / 50);
  for (std::size_t i = 0; i < blocks.size(); i += 50) heap.deallocate(blocks[i]);
}

TEST_F(HeapThreads, AreStoppedForAMomentByWhoeverChecksTheHeap) {
  std::atomic<bool> done{false};
  together(3, [&](unsigned self) {
    if (self == 0) {
      for (int i = 0; i < rounds(300) + 3; ++i) {
        ASSERT_FALSE(heap.check().has_value());
        ASSERT_LE(heap.statistics().blocks, 200u);
      }
      done = true;
    } else {
      while (!done) {
        std::vector<void*> blocks;
        for (std::size_t i = 0; i < 100; ++i) blocks.push_back(heap.allocate(16 + 40 * i));
        for (void* block : blocks) heap.deallocate(block);
      }
    }
  });
  expect_empty();
}

class SmallHeapThreads : public OnAHeap {
 protected:
  SmallHeapThreads() : OnAHeap(std::size_t{1} << 20) {}
};

TEST_F(SmallHeapThreads, AllFillAndEmptyTheHeapAtOnce) {
  together(6, [&](unsigned self) {
    std::mt19937 random(self);
    std::vector<void*> own;
    for (int i = 0; i < rounds(20'000); ++i) {
      if (void* block = heap.allocate(1 + random() % 9000)) own.push_back(block);
      while (own.size() > 40) {
        std::swap(own[random() % own.size()], own.back());
        heap.deallocate(own.back());
        own.pop_back();
      }
    }
    for (void* block : own) heap.deallocate(block);
  });
  expect_empty();
}

}  // namespace
}  // namespace cleave::detail
