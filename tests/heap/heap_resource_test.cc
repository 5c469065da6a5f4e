#include <array>
#include <list>
#include <map>
#include <new>
#include <string>
#include <unordered_map>

#include <cleave/memory_resource.h>
#include <cleave/must.h>

#include "tests/heap/heap_memory.h"

namespace cleave::detail {
namespace {

class HeapResourceTest : public OnAHeap {
 protected:
  HeapResource resource{heap};
};

TEST_F(HeapResourceTest, HoldsContainers) {
  {
    std::pmr::map<std::pmr::string, std::pmr::vector<int>> map(&resource);
    for (int i = 0; i < 1000; ++i) {
      map["a key that is too long for the string itself, " + std::pmr::string(std::to_string(i))]
          .assign(static_cast<std::size_t>(i), i);
    }
    for (int i = 0; i < 1000; i += 2) {
      map.erase("a key that is too long for the string itself, " +
                std::pmr::string(std::to_string(i)));
    }
    EXPECT_EQ(map.size(), 500u);
    for (const auto& [key, values] : map) {
      EXPECT_TRUE(heap.contains(key.data()));
      for (const int value : values) ASSERT_EQ(static_cast<std::size_t>(value), values.size());
    }
    expect_whole();
  }
  expect_empty();
}

TEST_F(HeapResourceTest, LetsAContainerBeRolledBack) {
  auto* map = new (heap.allocate(sizeof(std::pmr::unordered_map<int, std::pmr::string>)))
      std::pmr::unordered_map<int, std::pmr::string>(&resource);
  for (int i = 0; i < 1000; ++i) (*map)[i] = std::string(100, 'a');
  const Saved saved(memory.bytes());
  for (int i = 500; i < 5000; ++i) (*map)[i] = std::string(200, 'b');
  for (int i = 0; i < 300; ++i) map->erase(i);
  saved.put_back(memory.bytes());
  ASSERT_EQ(map->size(), 1000u);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(map->at(i), std::pmr::string(100, 'a'));
  map->~unordered_map();
  heap.deallocate(map);
  expect_empty();
}

TEST_F(HeapResourceTest, KeepsAlignments) {
  for (std::size_t alignment = 1; alignment <= 65'536; alignment *= 2) {
    void* block = resource.allocate(alignment + 1, alignment);
    EXPECT_TRUE(is_aligned(block, alignment));
    resource.deallocate(block, alignment + 1, alignment);
  }
}

TEST_F(HeapResourceTest, ThrowsWhenTheHeapIsFull) {
  std::pmr::list<std::array<char, 100'000>> list(&resource);
  EXPECT_THROW(for (;;) list.emplace_back(), std::bad_alloc);
  EXPECT_GE(list.size(), 140u);
  expect_whole();
}

TEST_F(HeapResourceTest, IsEqualToAnotherOnTheSameHeap) {
  HeapMemory elsewhere(std::size_t{1} << 20);
  HeapResource same(heap);
  HeapResource other(must(Heap::create(elsewhere.bytes())));
  EXPECT_TRUE(resource == same);
  EXPECT_FALSE(resource == other);
  EXPECT_FALSE(resource == *std::pmr::new_delete_resource());
  EXPECT_EQ(resource.heap(), heap);
}

}  // namespace
}  // namespace cleave::detail
