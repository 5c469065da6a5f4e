#include <cstring>
#include <limits>

#include "tests/capi/owned.h"

namespace cleave::c {
namespace {

constexpr std::size_t kHeapSize = 4 << 20;

class CHeap : public InC {
 protected:
  void SetUp() override {
    InC::SetUp();
    ASSERT_NE(heap, nullptr) << message(error);
  }
  OwnedArena arena{cleave_arena_create(pool.get(), kHeapSize, nullptr, &error)};
  OwnedHeap heap{cleave_heap_create(cleave_arena_data(arena.get()), kHeapSize, &error)};
};

TEST_F(CHeap, GivesBlocksThatHoldWhatIsWritten) {
  auto* text = static_cast<char*>(cleave_heap_malloc(heap.get(), 100));
  ASSERT_NE(text, nullptr);
  std::strcpy(text, "a block");
  EXPECT_GE(cleave_heap_usable_size(heap.get(), text), 100u);
  text = static_cast<char*>(cleave_heap_realloc(heap.get(), text, 100'000));
  ASSERT_NE(text, nullptr);
  EXPECT_STREQ(text, "a block");
  cleave_heap_free(heap.get(), text);
  cleave_heap_free(heap.get(), nullptr);
}

TEST_F(CHeap, GivesZeroesAndRefusesAProductThatOverflows) {
  auto* first = static_cast<char*>(cleave_heap_malloc(heap.get(), 64));
  std::memset(first, 'x', 64);
  cleave_heap_free(heap.get(), first);
  auto* zeroes = static_cast<char*>(cleave_heap_calloc(heap.get(), 8, 8));
  ASSERT_NE(zeroes, nullptr);
  for (int i = 0; i < 64; ++i) ASSERT_EQ(zeroes[i], 0) << i;
  const std::size_t half = std::numeric_limits<std::size_t>::max() / 2 + 1;
  EXPECT_EQ(cleave_heap_calloc(heap.get(), half, 2), nullptr);
  EXPECT_EQ(cleave_heap_calloc(heap.get(), half, 3), nullptr);
  EXPECT_NE(cleave_heap_calloc(heap.get(), 5, 0), nullptr);
}

TEST_F(CHeap, TreatsABlockOfNothingAsOneOfAByte) {
  void* none = cleave_heap_malloc(heap.get(), 0);
  ASSERT_NE(none, nullptr);
  void* still = cleave_heap_realloc(heap.get(), none, 0);
  ASSERT_NE(still, nullptr) << "nothing is freed by that";
  EXPECT_GE(cleave_heap_usable_size(heap.get(), still), 1u);
  cleave_heap_free(heap.get(), still);
  void* fresh = cleave_heap_realloc(heap.get(), nullptr, 100);
  EXPECT_GE(cleave_heap_usable_size(heap.get(), fresh), 100u);
}

TEST_F(CHeap, AlignsAsAsked) {
  for (std::size_t alignment = 16; alignment <= 65536; alignment *= 2) {
    void* block = cleave_heap_aligned_alloc(heap.get(), alignment, 100);
    ASSERT_NE(block, nullptr) << alignment;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignment, 0u);
  }
  for (const std::size_t none : {0u, 3u, 24u}) {
    EXPECT_EQ(cleave_heap_aligned_alloc(heap.get(), none, 100), nullptr) << none;
  }
}

TEST_F(CHeap, SaysThatThereIsNoRoomAndKeepsTheBlock) {
  EXPECT_EQ(cleave_heap_malloc(heap.get(), kHeapSize), nullptr);
  auto* block = static_cast<char*>(cleave_heap_malloc(heap.get(), 10));
  std::strcpy(block, "stays");
  EXPECT_EQ(cleave_heap_realloc(heap.get(), block, kHeapSize), nullptr);
  EXPECT_STREQ(block, "stays");
}

TEST_F(CHeap, GoesBackWithItsArena) {
  auto* kept = static_cast<char*>(cleave_heap_malloc(heap.get(), 32));
  std::strcpy(kept, "kept");
  const OwnedCommit commit(cleave_arena_commit(arena.get(), nullptr, &error));
  ASSERT_NE(commit, nullptr) << message(error);
  void* since = cleave_heap_malloc(heap.get(), 32);
  cleave_heap_free(heap.get(), kept);
  ok(cleave_arena_checkout(arena.get(), commit.get(), &error));
  EXPECT_STREQ(kept, "kept");
  EXPECT_EQ(cleave_heap_malloc(heap.get(), 32), since) << "what was allocated since is free again";
  cleave_heap_free(heap.get(), kept);
}

TEST_F(CHeap, IsFoundAgainInItsMemory) {
  auto* block = static_cast<char*>(cleave_heap_malloc(heap.get(), 32));
  std::strcpy(block, "found");
  heap.reset(cleave_heap_open(cleave_arena_data(arena.get()), kHeapSize, &error));
  ASSERT_NE(heap, nullptr) << message(error);
  EXPECT_STREQ(block, "found");
  cleave_heap_free(heap.get(), block);
}

TEST_F(CHeap, IsRefusedWhereThereIsNoneOrNoRoomForOne) {
  const OwnedArena other(cleave_arena_create(pool.get(), kHeapSize, nullptr, &error));
  void* memory = cleave_arena_data(other.get());
  EXPECT_EQ(cleave_heap_open(memory, kHeapSize, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_heap_create(memory, 4096, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_heap_create(static_cast<char*>(memory) + 1, kHeapSize - 4096, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
}

}  // namespace
}  // namespace cleave::c
