#include "table/table.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "base/handle_access.h"
#include "frames/frames.h"
#include "table/geometry.h"
#include "tests/support/failure.h"
#include "tests/support/on_a_pool.h"
#include "tests/table/tree.h"

namespace cleave::detail {
namespace {

// Pages on both sides of every boundary that a node of any level has.
std::vector<std::uint64_t> boundary_pages() {
  std::vector<std::uint64_t> result{0, 1, kLast};
  for (unsigned level = 1; level < kMostLevels; ++level) {
    result.push_back(pages_per_entry(level) - 1);
    result.push_back(pages_per_entry(level));
    result.push_back(pages_per_entry(level) * (kFanout - 1));
  }
  return result;
}

class TableOfPages : public OnAPool {
 protected:
  [[nodiscard]] std::uint64_t nodes() const { return pool.statistics().nodes; }
};

TEST_F(TableOfPages, IsEmptyAtFirst) {
  const Tree tree(pool);
  EXPECT_EQ(tree.table.root(), Entry::absent);
  for (const auto page : boundary_pages()) EXPECT_FALSE(tree.has(PageNo{page}));
  EXPECT_EQ(nodes(), 0u);
}

TEST_F(TableOfPages, FindsWhatWasOwnedAtEveryBoundary) {
  Tree tree(pool);
  int value = 1;
  for (const auto page : boundary_pages()) tree.write(PageNo{page}, value++ % 200);
  value = 1;
  for (const auto page : boundary_pages()) {
    if (tree.read(PageNo{page}) != value % 200) {
      // A page may be named twice in the list; the later value holds.
      const auto all = boundary_pages();
      EXPECT_GT(std::count(all.begin(), all.end(), page), 1) << "page " << page;
    }
    ++value;
    EXPECT_TRUE(tree.owns(PageNo{page}));
  }
  EXPECT_FALSE(tree.has(PageNo{2 + (std::uint64_t{1} << 35) + 12345}));
}

TEST_F(TableOfPages, GrowsWithItsHighestPageOnly) {
  Tree tree(pool);
  tree.write(PageNo{0}, 1);
  EXPECT_EQ(nodes(), 1u);
  for (unsigned level = 1; level < kMostLevels; ++level) {
    tree.write(PageNo{pages_per_entry(level)}, static_cast<int>(level) + 1);
    EXPECT_EQ(node_of(tree.table.root())->level, level);
    EXPECT_EQ(tree.read(PageNo{0}), 1);
  }
  for (unsigned level = 1; level < kMostLevels; ++level) {
    EXPECT_EQ(tree.read(PageNo{pages_per_entry(level)}), static_cast<int>(level) + 1);
  }
}

TEST_F(TableOfPages, TheVeryLastPageTakesOneNodeALevel) {
  Tree tree(pool);
  tree.write(PageNo{kLast}, 9);
  EXPECT_EQ(nodes(), kMostLevels);
  EXPECT_EQ(tree.read(PageNo{kLast}), 9);
  EXPECT_FALSE(tree.has(PageNo{0}));
}

TEST_F(TableOfPages, AnAbsentPageIsOwnedWithZeroes) {
  std::vector<FrameId> dirty;
  {
    Tree tree(pool);
    for (std::uint64_t p = 0; p < 8; ++p) {
      const auto owned = tree.write(PageNo{p}, 0xee);
      std::memset(HandleAccess::state(pool).data(owned.frame), 0xee, kPageSize);
    }
  }
  Tree tree(pool);
  for (std::uint64_t p = 0; p < 8; ++p) {
    const auto owned = must(tree.own(PageNo{p}));
    EXPECT_TRUE(owned.moved);
    for (std::size_t i = 0; i < kPageSize; ++i) {
      ASSERT_EQ(HandleAccess::state(pool).data(owned.frame)[i], std::byte{0})
          << "byte " << i << " of page " << p;
    }
  }
}

TEST_F(TableOfPages, WhatIsOwnedAlreadyStaysWhereItIs) {
  Tree tree(pool);
  const auto first = tree.write(PageNo{70}, 1);
  const auto again = must(tree.own(PageNo{70}));
  EXPECT_EQ(again.frame, first.frame);
  EXPECT_FALSE(again.moved);
}

TEST_F(TableOfPages, ASecondReferenceTakesTheOwnershipFromBoth) {
  Tree one(pool);
  one.write(PageNo{5}, 1);
  one.write(PageNo{500}, 2);
  const auto before = nodes();
  Tree two(pool);
  two.share(one);
  EXPECT_EQ(nodes(), before) << "sharing copies nothing";
  for (const auto p : {5u, 500u}) {
    EXPECT_FALSE(one.owns(PageNo{p}));
    EXPECT_FALSE(two.owns(PageNo{p}));
    EXPECT_EQ(one.table.find(PageNo{p}), two.table.find(PageNo{p}));
  }
}

TEST_F(TableOfPages, WhoWritesCopiesThePageAndItsPathAndNoMore) {
  Tree one(pool);
  one.write(PageNo{5}, 1);
  one.write(PageNo{kLast}, 2);
  const auto before = nodes();
  Tree two(pool);
  two.share(one);
  EXPECT_TRUE(two.write(PageNo{kLast}, 3).moved);
  EXPECT_EQ(copies(), 1u);
  EXPECT_EQ(nodes(), before + kMostLevels);
  EXPECT_EQ(one.read(PageNo{kLast}), 2);
  EXPECT_EQ(two.read(PageNo{kLast}), 3);
  EXPECT_EQ(two.read(PageNo{5}), 1);
  EXPECT_TRUE(one.owns(PageNo{kLast})) << "the copy took the sharing away";
  EXPECT_TRUE(two.owns(PageNo{kLast}));
  EXPECT_FALSE(one.owns(PageNo{5}));
}

TEST_F(TableOfPages, TheLastHolderOwnsAllAgain) {
  Tree one(pool);
  one.write(PageNo{5}, 1);
  const auto frame = one.table.find(PageNo{5});
  {
    Tree two(pool);
    two.share(one);
    Tree three(pool);
    three.share(two);
  }
  EXPECT_TRUE(one.owns(PageNo{5}));
  const auto owned = one.write(PageNo{5}, 2);
  EXPECT_EQ(owned.frame, frame);
  EXPECT_FALSE(owned.moved);
  EXPECT_EQ(copies(), 0u);
}

TEST_F(TableOfPages, IsSwappedWhole) {
  Tree one(pool);
  Tree two(pool);
  one.write(PageNo{1}, 1);
  two.write(PageNo{100'000}, 2);
  one.table.swap(two.table);
  EXPECT_EQ(two.read(PageNo{1}), 1);
  EXPECT_EQ(one.read(PageNo{100'000}), 2);
  EXPECT_FALSE(one.has(PageNo{1}));
}

TEST_F(TableOfPages, ADroppedTreeLeavesNothing) {
  {
    Tree tree(pool);
    for (const auto page : boundary_pages()) tree.write(PageNo{page}, 1);
    EXPECT_GT(used(), 0u);
  }
  expect_nothing_left(pool);
}

TEST_F(TableOfPages, WhenFramesRunOutWhatCanBeReadStays) {
  const Pool small = must(Pool::create(3 * kPageSize));
  {
    Tree one(small);
    for (std::uint64_t p = 0; p < 3; ++p) one.write(PageNo{p * 1000}, static_cast<int>(p) + 1);
    Tree two(small);
    two.share(one);
    EXPECT_TRUE(fails_with(two.own(PageNo{1000}), Errc::no_memory));
    EXPECT_TRUE(fails_with(two.own(PageNo{5}), Errc::no_memory));
    EXPECT_TRUE(fails_with(two.own(PageNo{kLast}), Errc::no_memory));
    for (std::uint64_t p = 0; p < 3; ++p) {
      EXPECT_EQ(one.read(PageNo{p * 1000}), static_cast<int>(p) + 1);
      EXPECT_EQ(two.read(PageNo{p * 1000}), static_cast<int>(p) + 1);
    }
    EXPECT_TRUE(differences(one, two).empty());
  }
  expect_nothing_left(small);
}

}  // namespace
}  // namespace cleave::detail
