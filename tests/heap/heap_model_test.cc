// Long random sequences against a map of what must be allocated.

#include <map>

#include "tests/heap/heap_memory.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

class HeapModel : public OnAHeap, public testing::WithParamInterface<unsigned> {
 protected:
  HeapModel() : OnAHeap(std::size_t{8} << 20), random(GetParam()) {}

  std::size_t any_size() {
    switch (random() % 10) {
      case 0:
        return 1 + random() % 300'000;
      case 1:
      case 2:
        return 1 + random() % 40'000;
      default:
        return 1 + random() % 1500;
    }
  }
  auto any_block() {
    return std::next(model.begin(), static_cast<std::ptrdiff_t>(random() % model.size()));
  }

  // A block must not reach into any other.
  void note(void* block, std::size_t bytes) {
    auto* start = static_cast<unsigned char*>(block);
    const auto above = model.lower_bound(start);
    ASSERT_TRUE(above == model.end() || start + bytes <= above->first);
    if (above != model.begin()) {
      const auto below = std::prev(above);
      ASSERT_LE(below->first + below->second.bytes, start);
    }
    const auto value = static_cast<unsigned char>(random());
    std::memset(block, value, bytes);
    model[start] = {bytes, value};
  }
  void allocate() {
    const std::size_t bytes = any_size();
    const std::size_t alignment = random() % 8 == 0 ? std::size_t{1} << random() % 14 : 16;
    const bool zeroed = random() % 4 == 0;
    void* block = zeroed ? heap.allocate_zeroed(bytes, alignment) : heap.allocate(bytes, alignment);
    if (block == nullptr) return free_some();
    ASSERT_TRUE(is_aligned(block, std::max<std::size_t>(alignment, 16)));
    ASSERT_TRUE(!zeroed || is_filled(block, bytes, 0));
    note(block, heap.usable_size(block).value);
  }
  void free_one() {
    const auto it = any_block();
    ASSERT_TRUE(is_filled(it->first, it->second.bytes, it->second.value));
    heap.deallocate(it->first);
    model.erase(it);
  }
  void free_some() {
    for (std::size_t i = model.size() / 2; i > 0; --i) free_one();
  }
  void change_size() {
    const auto it = any_block();
    const auto [bytes, value] = it->second;
    const std::size_t next = any_size();
    void* moved = heap.reallocate(it->first, next);
    if (moved == nullptr) return;
    model.erase(it);
    ASSERT_TRUE(is_filled(moved, std::min(bytes, next), value));
    note(moved, heap.usable_size(moved).value);
  }

  struct Live {
    std::size_t bytes;
    unsigned char value;
  };
  std::mt19937 random;
  std::map<unsigned char*, Live> model;
};

TEST_P(HeapModel, KeepsBlocksApartAndTheirContent) {
  for (int i = 0; i < rounds(20'000) && !HasFatalFailure(); ++i) {
    switch (model.empty() ? 0 : random() % 5) {
      case 0:
      case 1:
        allocate();
        break;
      case 2:
        change_size();
        break;
      default:
        // In spells, so that the heap both fills and empties.
        i / 3000 % 2 == 0 ? allocate() : free_one();
    }
    if (i % 1000 == 0) {
      expect_whole();
      EXPECT_EQ(heap.statistics().blocks, model.size());
    }
  }
  while (!model.empty() && !HasFatalFailure()) free_one();
  expect_empty();
  EXPECT_NE(heap.allocate(heap.statistics().largest_free.value), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Seeds, HeapModel, testing::Range(0u, 6u));

}  // namespace
}  // namespace cleave::detail
