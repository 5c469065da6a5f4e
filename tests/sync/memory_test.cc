#include "sync/memory.h"

#include <cstdint>
#include <cstring>

#include <gtest/gtest.h>

namespace cleave::detail::sync {
namespace {

class Allocation : public testing::Test {
 protected:
  void TearDown() override { fail_allocation(0); }
};

TEST_F(Allocation, LiesOnTheBoundaryThatWasAskedFor) {
  for (const std::size_t alignment : {1u, 8u, 16u, 64u, 256u, 4096u}) {
    void* memory = allocate(100, alignment);
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % alignment, 0u);
    std::memset(memory, 1, 100);
    deallocate(memory);
  }
}

TEST_F(Allocation, TheKthFailsAndOnlyThat) {
  for (std::uint64_t k = 1; k <= 4; ++k) {
    fail_allocation(k);
    for (std::uint64_t n = 1; n <= 6; ++n) {
      void* memory = allocate(8);
      EXPECT_EQ(memory == nullptr, n == k) << "allocation " << n << " of which " << k << " fails";
      EXPECT_EQ(allocation_failed(), n >= k);
      deallocate(memory);
    }
  }
}

TEST_F(Allocation, ADisarmedFailureStrikesNoAllocation) {
  fail_allocation(1);
  fail_allocation(0);
  EXPECT_FALSE(allocation_fails());
  EXPECT_FALSE(allocation_failed());
}

TEST_F(Allocation, ArmingForgetsTheFailureBefore) {
  fail_allocation(1);
  EXPECT_TRUE(allocation_fails());
  EXPECT_TRUE(allocation_failed());
  fail_allocation(1);
  EXPECT_FALSE(allocation_failed());
}

struct Counted {
  explicit Counted(int* alive) : alive_(alive) { ++*alive_; }
  ~Counted() { --*alive_; }
  int* alive_;
};

TEST_F(Allocation, MakesAndDestroysObjects) {
  int alive = 0;
  auto* made = make<Counted>(&alive);
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(alive, 1);
  destroy(made);
  EXPECT_EQ(alive, 0);
  destroy(static_cast<Counted*>(nullptr));
}

TEST_F(Allocation, ConstructsNothingWithoutMemory) {
  int alive = 0;
  fail_allocation(1);
  EXPECT_EQ(make<Counted>(&alive), nullptr);
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace cleave::detail::sync
