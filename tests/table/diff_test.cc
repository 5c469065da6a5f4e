#include "table/diff.h"

#include <cstdint>
#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "table/geometry.h"
#include "tests/support/failure.h"
#include "tests/support/on_a_pool.h"
#include "tests/table/tree.h"

namespace cleave::detail {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DiffOfTables : public OnAPool {};

TEST_F(DiffOfTables, OfTwoEmptyOnesIsEmpty) {
  EXPECT_THAT(differences(Tree(pool), Tree(pool)), IsEmpty());
}

TEST_F(DiffOfTables, OfATableAndItselfIsEmpty) {
  Tree one(pool);
  one.write(PageNo{77}, 1);
  Tree two(pool);
  two.share(one);
  EXPECT_THAT(differences(one, two), IsEmpty());
}

TEST_F(DiffOfTables, JoinsNeighbouringPagesAcrossNodes) {
  Tree one(pool);
  Tree two(pool);
  for (std::uint64_t p = 60; p < 70; ++p) one.write(PageNo{p}, 1);
  one.write(PageNo{71}, 1);
  EXPECT_THAT(differences(one, two), ElementsAre(pages(60, 70), pages(71, 72)));
  EXPECT_THAT(differences(two, one), ElementsAre(pages(60, 70), pages(71, 72)));
}

TEST_F(DiffOfTables, FindsWhatWasWrittenSince) {
  Tree one(pool);
  for (std::uint64_t p = 0; p < 300; ++p) one.write(PageNo{p}, 1);
  Tree two(pool);
  two.share(one);
  for (const auto p : {0u, 64u, 65u, 299u}) two.write(PageNo{p}, 2);
  EXPECT_THAT(differences(one, two), ElementsAre(pages(0, 1), pages(64, 66), pages(299, 300)));
}

TEST_F(DiffOfTables, ReportsPageZeroAndTheLastPage) {
  Tree one(pool);
  Tree two(pool);
  one.write(PageNo{0}, 1);
  one.write(PageNo{kLast}, 1);
  EXPECT_THAT(differences(one, two), ElementsAre(pages(0, 1), pages(kLast, kLast + 1)));
}

TEST_F(DiffOfTables, SeesEqualTreesOfDifferentHeightsAsEqual) {
  Tree low(pool);
  low.write(PageNo{0}, 1);
  for (unsigned level = 1; level < kMostLevels; ++level) {
    Tree high(pool);
    high.share(low);
    const std::uint64_t far = pages_per_entry(level);
    high.write(PageNo{far}, 1);
    EXPECT_THAT(differences(low, high), ElementsAre(pages(far, far + 1))) << "level " << level;
    ASSERT_TRUE(holds(high.clear(far, far + 1)));
    EXPECT_THAT(differences(low, high), IsEmpty()) << "level " << level;
    EXPECT_THAT(differences(high, low), IsEmpty()) << "level " << level;
  }
}

TEST_F(DiffOfTables, OfAHighTreeWithoutLowPagesAndALowOneIsBoth) {
  Tree low(pool);
  low.write(PageNo{3}, 1);
  Tree high(pool);
  high.write(PageNo{kLast}, 1);
  EXPECT_THAT(differences(low, high), ElementsAre(pages(3, 4), pages(kLast, kLast + 1)));
  EXPECT_THAT(differences(high, low), ElementsAre(pages(3, 4), pages(kLast, kLast + 1)));
}

// The frames are the truth: a page differs when the two sides find different frames.
TEST_F(DiffOfTables, AgreesWithLookingAtEveryPage) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    Tree one(pool);
    Tree two(pool);
    std::set<std::uint64_t> touched;
    const auto some_page = [&] {
      const std::uint64_t page = random() % (std::uint64_t{1} << (random() % 14));
      touched.insert(page);
      return PageNo{page};
    };
    for (int i = 0; i < 40; ++i) one.write(some_page(), 1);
    two.share(one);
    for (int i = 0; i < 15; ++i) {
      Tree& tree = random() % 2 == 0 ? one : two;
      if (random() % 3 == 0) {
        const auto first = raw(some_page());
        ASSERT_TRUE(holds(tree.clear(first, first + 1 + random() % 100)));
      } else {
        tree.write(some_page(), 2);
      }
    }
    std::set<std::uint64_t> expected;
    for (std::uint64_t p = 0; p < 1 << 14; ++p) {
      if (one.table.find(PageNo{p}) != two.table.find(PageNo{p})) expected.insert(p);
    }
    std::set<std::uint64_t> found;
    std::uint64_t above = 0;
    for (const PageRange range : differences(one, two)) {
      ASSERT_LT(range.first, range.end);
      ASSERT_TRUE(found.empty() || raw(range.first) > above) << "not ascending, or not joined";
      above = raw(range.end);
      for (auto p = raw(range.first); p < raw(range.end); ++p) found.insert(p);
    }
    ASSERT_EQ(found, expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace cleave::detail
