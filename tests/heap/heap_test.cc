#include <algorithm>
#include <set>

#include <cleave/heap.h>
#include <cleave/must.h>

#include "tests/heap/heap_memory.h"
#include "tests/support/failure.h"

namespace cleave::detail {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

using HeapTest = OnAHeap;

TEST_F(HeapTest, GivesEveryByteOfABlockForUse) {
  std::vector<std::pair<void*, std::size_t>> blocks;
  for (std::size_t bytes = 0; bytes < 3000; bytes += 7) {
    void* block = heap.allocate(bytes);
    ASSERT_NE(block, nullptr);
    ASSERT_GE(heap.usable_size(block).value, std::max<std::size_t>(bytes, 1));
    std::memset(block, static_cast<int>(bytes % 251), heap.usable_size(block).value);
    blocks.emplace_back(block, bytes);
  }
  for (const auto& [block, bytes] : blocks) {
    EXPECT_TRUE(is_filled(block, heap.usable_size(block).value, static_cast<int>(bytes % 251)));
    heap.deallocate(block);
  }
  expect_empty();
}

TEST_F(HeapTest, LosesLittleToRounding) {
  for (std::size_t bytes = 1; bytes <= 300'000; bytes += 1 + bytes / 10) {
    void* block = heap.allocate(bytes);
    EXPECT_LE(heap.usable_size(block).value, std::max<std::size_t>(bytes + 16, bytes * 5 / 4))
        << bytes;
    heap.deallocate(block);
  }
}

TEST_F(HeapTest, KeepsEveryAlignmentUpToTwoMebibytes) {
  for (std::size_t alignment = 1; alignment <= 2 * kMiB; alignment *= 2) {
    for (const std::size_t bytes : {1U, 24U, 100U, 1000U, 5000U, 33'000U, 200'000U}) {
      void* block = heap.allocate(bytes, alignment);
      ASSERT_NE(block, nullptr) << bytes << " on " << alignment;
      EXPECT_TRUE(is_aligned(block, alignment)) << bytes << " on " << alignment;
      EXPECT_GE(heap.usable_size(block).value, bytes);
      std::memset(block, 0x5a, bytes);
      heap.deallocate(block);
    }
  }
  expect_empty();
}

TEST_F(HeapTest, FindsAnAlignedPlaceWhereOnlyOneIsLeft) {
  constexpr std::size_t kAlignment = kMiB;
  std::vector<void*> blocks;
  while (void* block = heap.allocate(kMiB, kAlignment)) blocks.push_back(block);
  ASSERT_GE(blocks.size(), 10u);
  void* middle = blocks[blocks.size() / 2];
  heap.deallocate(middle);
  EXPECT_EQ(heap.allocate(kMiB, kAlignment), middle);
}

TEST_F(HeapTest, RefusesAnAlignmentThatIsNone) {
  EXPECT_EQ(heap.allocate(16, 0), nullptr);
  EXPECT_EQ(heap.allocate(16, 48), nullptr);
  EXPECT_EQ(heap.allocate(16, 64 * kMiB), nullptr);
}

TEST_F(HeapTest, RefusesSizesBeyondTheRange) {
  EXPECT_EQ(heap.allocate(17 * kMiB), nullptr);
  EXPECT_EQ(heap.allocate(~std::size_t{0}), nullptr);
  EXPECT_EQ(heap.allocate(~std::size_t{0} - 4000, 4096), nullptr);
  EXPECT_EQ(heap.allocate_zeroed(~std::size_t{0}), nullptr);
}

TEST_F(HeapTest, GivesTheBlockFreedLastFirst) {
  void* a = heap.allocate(100);
  void* b = heap.allocate(100);
  heap.deallocate(a);
  heap.deallocate(b);
  EXPECT_EQ(heap.allocate(100), b);
  EXPECT_EQ(heap.allocate(100), a);
}

TEST_F(HeapTest, TakesLargeBlocksFromLowAddressesFirst) {
  void* low = heap.allocate(100'000);
  void* between = heap.allocate(100'000);
  void* high = heap.allocate(100'000);
  ASSERT_LT(low, between);
  ASSERT_LT(between, high);
  heap.deallocate(low);
  heap.deallocate(high);
  EXPECT_EQ(heap.allocate(100'000), low);
}

TEST_F(HeapTest, JoinsLargeBlocksThatWereFreedInAnyOrder) {
  const std::size_t whole = heap.statistics().largest_free.value;
  std::vector<void*> blocks;
  while (void* block = heap.allocate(100'000)) blocks.push_back(block);
  std::ranges::shuffle(blocks, std::mt19937(1));
  for (void* block : blocks) heap.deallocate(block);
  EXPECT_EQ(heap.statistics().largest_free.value, whole);
  EXPECT_NE(heap.allocate(whole), nullptr);
}

TEST_F(HeapTest, FreesNothingForANullPointer) {
  heap.deallocate(nullptr);
  expect_empty();
}

TEST_F(HeapTest, ZeroesWhatItGivesZeroed) {
  for (const std::size_t bytes : {24U, 5000U, 40'000U, 500'000U}) {
    void* dirty = heap.allocate(bytes);
    std::memset(dirty, 0xff, heap.usable_size(dirty).value);
    heap.deallocate(dirty);
    void* clean = heap.allocate_zeroed(bytes);
    EXPECT_EQ(clean, dirty);  // else nothing was shown
    EXPECT_TRUE(is_filled(clean, bytes, 0)) << bytes;
  }
}

class Exhaustion : public OnAHeap, public testing::WithParamInterface<std::size_t> {
 protected:
  Exhaustion() : OnAHeap(2 * kMiB) {}
};

TEST_P(Exhaustion, EndsInNullAndIsOverWhenBlocksAreFreed) {
  std::size_t first_count = 0;
  for (int round = 0; round < 3; ++round) {
    std::vector<void*> blocks;
    while (void* block = heap.allocate(GetParam())) {
      std::memset(block, 0x77, GetParam());
      blocks.push_back(block);
    }
    EXPECT_EQ(heap.allocate(GetParam()), nullptr);
    expect_whole();
    if (round == 0) first_count = blocks.size();
    EXPECT_EQ(blocks.size(), first_count);
    // Nearly all of the range is of use, whatever the size.
    EXPECT_GE(blocks.size() * heap.usable_size(blocks.front()).value,
              2 * kMiB * 8 / 10 - GetParam());
    for (void* block : blocks) heap.deallocate(block);
    expect_empty();
  }
}

INSTANTIATE_TEST_SUITE_P(Of, Exhaustion,
                         testing::Values(16, 48, 320, 1000, 4096, 20'000, 40'000, 300'000),
                         [](const auto& size) { return std::to_string(size.param) + "Bytes"; });

TEST_F(HeapTest, ServesOtherSizesAfterOneSizeHasFilledIt) {
  std::vector<void*> blocks;
  while (void* block = heap.allocate(32)) blocks.push_back(block);
  EXPECT_EQ(heap.allocate(1000), nullptr);
  for (void* block : blocks) heap.deallocate(block);
  EXPECT_NE(heap.allocate(1000), nullptr);
  EXPECT_NE(heap.allocate(10 * kMiB), nullptr);
}

TEST_F(HeapTest, TellsWhatIsInUse) {
  const HeapStatistics before = heap.statistics();
  EXPECT_EQ(before.size, ByteCount{16 * kMiB});
  EXPECT_LT(before.own.value, before.size.value / 20);
  void* small = heap.allocate(100);
  void* large = heap.allocate(100'000);
  const HeapStatistics after = heap.statistics();
  EXPECT_EQ(after.blocks, 2u);
  EXPECT_EQ(after.in_use.value, heap.usable_size(small).value + heap.usable_size(large).value);
  heap.deallocate(large);
  heap.deallocate(small);
  EXPECT_EQ(heap.statistics().blocks, 0u);
  EXPECT_EQ(heap.statistics().peak, after.pages);
}

// --- reallocation

TEST_F(HeapTest, KeepsTheContentWhenABlockChangesSize) {
  std::mt19937 random(7);
  void* block = heap.reallocate(nullptr, 10);
  std::size_t bytes = 10;
  std::memset(block, 1, bytes);
  for (int i = 0; i < 500; ++i) {
    const std::size_t next = 1 + random() % (i % 3 == 0 ? 500'000 : 2000);
    const int value = i % 250 + 1;
    block = heap.reallocate(block, next);
    ASSERT_NE(block, nullptr);
    ASSERT_TRUE(is_filled(block, std::min(bytes, next), value)) << bytes << " to " << next;
    bytes = next;
    std::memset(block, value + 1, bytes);
    if (i % 250 == 249) std::memset(block, 1, bytes);
  }
  heap.deallocate(block);
  expect_empty();
}

TEST_F(HeapTest, GrowsALargeBlockInPlaceIntoFreePages) {
  void* block = heap.allocate(100'000);
  EXPECT_EQ(heap.reallocate(block, 1'000'000), block);
  EXPECT_GE(heap.usable_size(block).value, 1'000'000u);
}

TEST_F(HeapTest, MovesALargeBlockWhoseNeighbourIsInUse) {
  void* block = heap.allocate(100'000);
  std::memset(block, 3, 100'000);
  void* neighbour = heap.allocate(100'000);
  void* moved = heap.reallocate(block, 200'000);
  EXPECT_NE(moved, block);
  EXPECT_TRUE(is_filled(moved, 100'000, 3));
  heap.deallocate(neighbour);
}

TEST_F(HeapTest, GivesBackTheEndOfALargeBlockThatShrinks) {
  void* block = heap.allocate(1'000'000);
  const ByteCount before = heap.statistics().pages;
  EXPECT_EQ(heap.reallocate(block, 100'000), block);
  EXPECT_LT(heap.statistics().pages.value, before.value - 800'000);
}

TEST_F(HeapTest, LeavesABlockAloneThatCannotGrow) {
  void* block = heap.allocate(1000);
  std::memset(block, 9, 1000);
  EXPECT_EQ(heap.reallocate(block, 64 * kMiB), nullptr);
  EXPECT_TRUE(is_filled(block, 1000, 9));
}

// --- handles

TEST(HeapMemoryRange, IsRefusedUnlessItIsWholePagesOfASensibleSize) {
  HeapMemory memory(4 * kMiB);
  EXPECT_TRUE(fails_with(Heap::create(memory.bytes().subspan(16)), Errc::bad_argument));
  EXPECT_TRUE(fails_with(Heap::create(memory.bytes().first(2 * kMiB + 100)), Errc::bad_argument));
  EXPECT_TRUE(fails_with(Heap::create(memory.bytes().first(kMiB / 2)), Errc::bad_argument));
  EXPECT_TRUE(fails_with(Heap::create({}), Errc::bad_argument));
  memory.bytes()[77] = std::byte{1};
  EXPECT_TRUE(fails_with(Heap::create(memory.bytes()), Errc::bad_argument));
}

TEST(HeapMemoryRange, IsNotOpenedWithoutAHeapOfItsSize) {
  HeapMemory memory(4 * kMiB);
  EXPECT_TRUE(fails_with(Heap::open(memory.bytes()), Errc::bad_argument));
  ASSERT_TRUE(holds(Heap::create(memory.bytes())));
  EXPECT_TRUE(holds(Heap::open(memory.bytes())));
  EXPECT_TRUE(fails_with(Heap::open(memory.bytes().first(2 * kMiB)), Errc::bad_argument));
}

TEST(HeapMemoryRange, MayBeOneMebibyteOr64Gibibytes) {
  for (const ByteCount size : {Heap::kSmallest, Heap::kLargest}) {
    HeapMemory memory(size.value);
    Heap heap = must(Heap::create(memory.bytes()));
    std::set<void*> blocks;
    for (std::size_t bytes = 16; bytes < 100'000; bytes *= 2) {
      void* block = heap.allocate(bytes);
      ASSERT_NE(block, nullptr);
      std::memset(block, 1, bytes);
      blocks.insert(block);
    }
    for (void* block : blocks) heap.deallocate(block);
    const std::size_t most = heap.statistics().largest_free.value;
    EXPECT_GT(most, size.value * 7 / 10);
    void* all = heap.allocate(most);
    EXPECT_NE(all, nullptr);
    heap.deallocate(all);
  }
}

TEST_F(HeapTest, IsTheSameThroughAnotherHandle) {
  Heap other = must(Heap::open(memory.bytes()));
  EXPECT_EQ(other, heap);
  void* block = heap.allocate(100);
  other.deallocate(block);
  expect_empty();
  EXPECT_TRUE(heap.contains(block));
  EXPECT_FALSE(heap.contains(&other));
}

// As many as a thread keeps of a size, and one more, and so on: each by turns with another size.
TEST_F(HeapTest, IsWholeWhicheverSizesAreFreedByTurns) {
  for (const std::size_t other : {64u, 80u, 3000u, 32'768u}) {
    std::vector<void*> blocks;
    for (int i = 0; i < 50; ++i) {
      blocks.push_back(heap.allocate(64));
      blocks.push_back(heap.allocate(other));
    }
    for (void* block : blocks) {
      heap.deallocate(block);
      expect_whole();
    }
    for (void*& block : blocks) block = heap.allocate(other);
    std::ranges::sort(blocks);
    EXPECT_EQ(std::ranges::adjacent_find(blocks), blocks.end());
    for (void* block : blocks) heap.deallocate(block);
    expect_empty();
  }
}

// Blocks that have a slab each, and such as are the last of theirs: where some are to make room for
// others, none of them can.
TEST_F(HeapTest, IsWholeWhereNoneOfTheBlocksThatAreKeptCanGoBack) {
  HeapMemory small(kMiB);
  Heap in_small = must(Heap::create(small.bytes()));
  std::vector<void*> large;
  while (void* block = in_small.allocate(32'768)) large.push_back(block);
  ASSERT_GT(large.size(), 12u);
  in_small.deallocate(large.back());
  large.pop_back();
  std::vector<void*> others;
  for (std::size_t i = 0; i < large.size(); ++i) others.push_back(in_small.allocate(64));
  for (std::size_t i = 0; i < large.size(); ++i) {
    in_small.deallocate(large[i]);
    in_small.deallocate(others[i]);
    EXPECT_FALSE(in_small.check()) << i;
  }
  EXPECT_EQ(in_small.statistics().blocks, 0u);
  // All of it is there again.
  std::size_t count = 0;
  while (in_small.allocate(32'768) != nullptr) ++count;
  EXPECT_GE(count, large.size());
}

// --- misuse

using HeapMisuse = OnAHeap;

TEST_F(HeapMisuse, OfABlockFreedTwiceInARowStopsTheProgram) {
  void* block = heap.allocate(64);
  heap.deallocate(block);
  EXPECT_DEATH(heap.deallocate(block), "freed already");
}

TEST_F(HeapMisuse, OfABlockFreedTwiceStopsTheProgramHoweverManyWereFreedBetween) {
  for (std::size_t between = 1; between < 40; ++between) {
    std::vector<void*> blocks;
    for (std::size_t i = 0; i <= between; ++i) blocks.push_back(heap.allocate(64));
    for (void* block : blocks) heap.deallocate(block);
    EXPECT_DEATH(heap.deallocate(blocks.front()), "freed already") << between;
    if (between > 8) between += 7;
  }
}

TEST_F(HeapMisuse, OfABlockThatWasNeverGivenOutStopsTheProgram) {
  auto* block = static_cast<std::byte*>(heap.allocate(64));
  for (int next = 1; next < 16; ++next) {
    EXPECT_DEATH(heap.deallocate(block + next * 64), "freed already") << next;
  }
}

TEST_F(HeapMisuse, OfABlockFreedTwiceStopsTheProgramHoweverManySizesAreFreedByTurns) {
  for (std::size_t between = 7; between < 11; ++between) {
    std::vector<void*> blocks;
    for (std::size_t i = 0; i <= between; ++i) {
      blocks.push_back(heap.allocate(64));
      blocks.push_back(heap.allocate(200));
    }
    for (void* block : blocks) heap.deallocate(block);
    EXPECT_DEATH(heap.deallocate(blocks[0]), "freed already") << between;
    EXPECT_DEATH(heap.deallocate(blocks[1]), "freed already") << between;
    EXPECT_DEATH(heap.deallocate(blocks.back()), "freed already") << between;
  }
}

TEST_F(HeapMisuse, OfALargeBlockFreedTwiceStopsTheProgram) {
  void* block = heap.allocate(100'000);
  heap.deallocate(block);
  EXPECT_DEATH(heap.deallocate(block), "freed already");
}

TEST_F(HeapMisuse, OfAnAddressInsideABlockStopsTheProgram) {
  auto* small = static_cast<std::byte*>(heap.allocate(64));
  auto* large = static_cast<std::byte*>(heap.allocate(100'000));
  EXPECT_DEATH(heap.deallocate(small + 16), "not the start");
  EXPECT_DEATH(heap.deallocate(small + 1), "not the start");
  EXPECT_DEATH(heap.deallocate(large + 16), "not the start");
  EXPECT_DEATH(heap.deallocate(large + 4096), "not the start");
  EXPECT_DEATH(heap.deallocate(memory.bytes().data()), "not the start");
  EXPECT_DEATH((void)heap.usable_size(small + 16).value, "not the start");
}

TEST_F(HeapMisuse, OfTheSpaceBehindTheLastBlockOfASlabStopsTheProgram) {
  std::vector<std::byte*> blocks;
  for (int i = 0; i < 204; ++i) blocks.push_back(static_cast<std::byte*>(heap.allocate(320)));
  ASSERT_EQ(blocks.back() - blocks.front(),
            203 * 320);  // one slab of 64 KiB, which 204 do not fill
  EXPECT_DEATH(heap.deallocate(blocks.back() + 320), "not the start");
}

TEST_F(HeapMisuse, OfMemoryFromElsewhereStopsTheProgram) {
  int local = 0;
  EXPECT_DEATH(heap.deallocate(&local), "does not lie in this heap");
  EXPECT_DEATH((void)heap.reallocate(&local, 10), "does not lie in this heap");
}

}  // namespace
}  // namespace cleave::detail
