#include <algorithm>
#include <cstdint>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "sync/memory.h"
#include "table/geometry.h"
#include "table/table.h"
#include "tests/support/failure.h"
#include "tests/support/on_a_pool.h"
#include "tests/table/tree.h"

namespace cleave::detail {
namespace {

constexpr std::uint64_t kEnd = raw(kPageLimit);

class ClearTable : public OnAPool {
 protected:
  void TearDown() override {
    sync::fail_allocation(0);
    OnAPool::TearDown();
  }
};

TEST_F(ClearTable, TakesWhatIsInsideAndLeavesTheNeighbours) {
  Tree tree(pool);
  for (std::uint64_t p = 60; p < 70; ++p) tree.write(PageNo{p}, static_cast<int>(p));
  ASSERT_TRUE(holds(tree.clear(63, 66)));
  for (std::uint64_t p = 60; p < 70; ++p) EXPECT_EQ(tree.has(PageNo{p}), p < 63 || p >= 66) << p;
  EXPECT_EQ(used(), 7u);
}

TEST_F(ClearTable, OfEveryPageLeavesNoNode) {
  Tree tree(pool);
  for (const std::uint64_t p : {std::uint64_t{0}, std::uint64_t{4000}, kEnd - 1})
    tree.write(PageNo{p}, 1);
  ASSERT_TRUE(holds(tree.clear(0, 1)));
  ASSERT_TRUE(holds(tree.clear(kEnd - 1, kEnd)));
  EXPECT_TRUE(tree.has(PageNo{4000}));
  ASSERT_TRUE(holds(tree.clear(4000, 4001)));
  EXPECT_EQ(pool.statistics().nodes, 0u);
  EXPECT_EQ(tree.table.root(), Entry::absent);
}

TEST_F(ClearTable, OfTheWholeSpaceIsOneStep) {
  Tree tree(pool);
  for (const std::uint64_t p : {std::uint64_t{0}, std::uint64_t{4000}, kEnd - 1})
    tree.write(PageNo{p}, 1);
  ASSERT_TRUE(holds(tree.clear(0, kEnd)));
  EXPECT_EQ(pool.statistics().nodes, 0u);
  EXPECT_EQ(used(), 0u);
}

TEST_F(ClearTable, BeyondTheHighestPageDoesNothing) {
  Tree tree(pool);
  ASSERT_TRUE(holds(tree.clear(0, kEnd)));
  tree.write(PageNo{0}, 1);
  ASSERT_TRUE(holds(tree.clear(1, kEnd)));
  ASSERT_TRUE(holds(tree.clear(kFanout, kEnd)));
  ASSERT_TRUE(holds(tree.clear(kEnd - 1, kEnd)));
  EXPECT_EQ(tree.read(PageNo{0}), 1);
}

TEST_F(ClearTable, LeavesTheOtherHolderEverything) {
  Tree one(pool);
  for (std::uint64_t p = 0; p < 200; ++p) one.write(PageNo{p}, static_cast<int>(p % 100));
  Tree two(pool);
  two.share(one);
  ASSERT_TRUE(holds(two.clear(50, 150)));
  for (std::uint64_t p = 0; p < 200; ++p) {
    EXPECT_EQ(one.read(PageNo{p}), static_cast<int>(p % 100));
    EXPECT_EQ(two.has(PageNo{p}), p < 50 || p >= 150);
  }
  EXPECT_EQ(used(), 200u);
  EXPECT_EQ(copies(), 0u) << "clearing copies nodes, never pages";
}

TEST_F(ClearTable, WithoutMemoryForANodeChangesNothing) {
  Tree one(pool);
  for (std::uint64_t p = 0; p < 300; ++p) one.write(PageNo{p * 7}, static_cast<int>(p % 100));
  Tree two(pool);
  two.share(one);
  for (std::uint64_t k = 1;; ++k) {
    sync::fail_allocation(k);
    const auto cleared = two.clear(301, 1205);
    const bool struck = sync::allocation_failed();
    sync::fail_allocation(0);
    if (!struck) {
      ASSERT_TRUE(holds(cleared));
      EXPECT_GT(k, 1u);
      break;
    }
    ASSERT_TRUE(fails_with(cleared, Errc::no_memory));
    ASSERT_TRUE(differences(one, two).empty()) << "after failure of allocation " << k;
  }
  EXPECT_FALSE(two.has(PageNo{7 * 43}));
  EXPECT_FALSE(two.has(PageNo{7 * 172}));
  EXPECT_TRUE(two.has(PageNo{7 * 42}));
  EXPECT_TRUE(two.has(PageNo{7 * 173}));
}

TEST_F(ClearTable, OfNoPagesDoesNothing) {
  Tree tree(pool);
  tree.write(PageNo{0}, 1);
  tree.write(PageNo{500}, 2);
  for (const std::uint64_t p : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{500}, kEnd}) {
    ASSERT_TRUE(holds(tree.clear(p, p)));
  }
  EXPECT_EQ(tree.read(PageNo{0}), 1);
  EXPECT_EQ(tree.read(PageNo{500}), 2);
}

// Random trees, random ranges, a set of numbers beside them.
TEST_F(ClearTable, AgreesWithASetOfPages) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    std::mt19937_64 random(seed);
    Tree one(pool);
    Tree two(pool);
    std::set<std::uint64_t> in_one;
    const auto some_page = [&] {
      const auto bits = random() % 37;
      return (bits == 36 ? kEnd - 1 - random() % 4 : random() % (std::uint64_t{1} << bits)) % kEnd;
    };
    for (int i = 0; i < 60; ++i) {
      const auto page = some_page();
      one.write(PageNo{page}, 1);
      in_one.insert(page);
    }
    two.share(one);
    auto in_two = in_one;
    for (int i = 0; i < 20; ++i) {
      Tree& tree = i % 2 == 0 ? one : two;
      auto& in_tree = i % 2 == 0 ? in_one : in_two;
      auto first = some_page();
      auto end = some_page() + 1;
      if (first >= end) std::swap(first, end);
      if (first == end) ++end;
      ASSERT_TRUE(holds(tree.clear(first, end)));
      in_tree.erase(in_tree.lower_bound(first), in_tree.lower_bound(end));
      const auto again = some_page();
      tree.write(PageNo{again}, 2);
      in_tree.insert(again);
      for (auto* side : {&one, &two}) {
        const auto& expected = side == &one ? in_one : in_two;
        for (const auto page : in_one)
          ASSERT_EQ(side->has(PageNo{page}), expected.count(page) == 1);
        for (const auto page : in_two)
          ASSERT_EQ(side->has(PageNo{page}), expected.count(page) == 1);
      }
    }
  }
}

}  // namespace
}  // namespace cleave::detail
