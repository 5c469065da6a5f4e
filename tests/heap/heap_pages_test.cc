// What the heap writes to: every page that changes is one to commit and to roll back.

#include <sys/mman.h>

#include "tests/heap/heap_memory.h"

namespace cleave::detail {
namespace {

using HeapPages = OnAHeap;

std::size_t resident_pages(std::span<std::byte> memory) {
  std::vector<unsigned char> resident(memory.size() / kPageSize);
  EXPECT_EQ(mincore(memory.data(), memory.size(), resident.data()), 0);
  return static_cast<std::size_t>(
      std::ranges::count_if(resident, [](auto r) { return (r & 1) != 0; }));
}

TEST_F(HeapPages, FewAreTouchedByAnEmptyHeap) { EXPECT_LE(resident_pages(memory.bytes()), 6u); }

TEST_F(HeapPages, AreNotTouchedByAllocatingAlone) {
  const std::size_t before = resident_pages(memory.bytes());
  for (int i = 0; i < 10'000; ++i) ASSERT_NE(heap.allocate(500), nullptr);
  for (int i = 0; i < 20; ++i) ASSERT_NE(heap.allocate_zeroed(200'000), nullptr);
  // 9 MB allocated; only records were written.
  EXPECT_LE(resident_pages(memory.bytes()), before + 16);
}

TEST_F(HeapPages, OfBlocksAreNotTouchedByFreeingThem) {
  std::vector<void*> blocks;
  for (int i = 0; i < 10'000; ++i) blocks.push_back(heap.allocate(500));
  for (void* block : blocks) std::memset(block, 1, 500);
  const Saved saved(memory.bytes());
  for (std::size_t i = 0; i < blocks.size(); i += 3) heap.deallocate(blocks[i]);
  // 3,334 blocks on 1,200 pages.
  EXPECT_LE(saved.pages_that_differ(memory.bytes()).size(), 8u);
  for (const std::size_t page : saved.pages_that_differ(memory.bytes())) {
    EXPECT_LT(page * kPageSize, heap.statistics().own.value);
  }
}

TEST_F(HeapPages, AreUsedAgainBeforeOthersAreBegun) {
  for (int round = 0; round < 100; ++round) {
    void* small = heap.allocate(300);
    void* large = heap.allocate(100'000);
    std::memset(small, round, 300);
    std::memset(large, round, 100'000);
    heap.deallocate(large);
    heap.deallocate(small);
  }
  EXPECT_LE(resident_pages(memory.bytes()), 6u + 4u + 100'000 / kPageSize + 2);
}

TEST_F(HeapPages, ChangedByOneSmallBlockAreTwo) {
  void* warm = heap.allocate(64);
  const Saved saved(memory.bytes());
  void* block = heap.allocate(64);
  EXPECT_LE(saved.pages_that_differ(memory.bytes()).size(),
            2u);  // the slot's and the slab record's
  heap.deallocate(block);
  EXPECT_LE(saved.pages_that_differ(memory.bytes()).size(), 2u);
  heap.deallocate(warm);
}

TEST_F(HeapPages, AreNotTouchedByOpening) {
  for (int i = 0; i < 100; ++i) ASSERT_NE(heap.allocate(500), nullptr);
  const Saved saved(memory.bytes());
  ASSERT_TRUE(Heap::open(memory.bytes()).has_value());
  EXPECT_LE(saved.pages_that_differ(memory.bytes()).size(), 1u);  // the locks'
}

}  // namespace
}  // namespace cleave::detail
