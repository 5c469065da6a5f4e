#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cleave/must.h>

#include "tests/space/on_a_space.h"

namespace cleave::detail {
namespace {

using testing::ElementsAre;

class Fork : public OnASpace {};

TEST_F(Fork, HasTheParentsContentsAndRegions) {
  Space parent = new_space(10);
  ASSERT_TRUE(holds(parent.protect(at_page(20), kPageSize, Protection::read)));
  const Bytes bytes = patterned(3 * kPageSize, 1);
  ASSERT_TRUE(holds(parent.write(at_page(16, 5), bytes)));
  const Space child = must(parent.fork());
  EXPECT_EQ(bytes_in(child, at_page(16, 5), bytes.size()), bytes);
  EXPECT_EQ(regions_of(child), regions_of(parent));
  EXPECT_EQ(used(), 4u);
  EXPECT_EQ(pool.statistics().spaces, 2u);
}

TEST_F(Fork, AWriteByTheParentIsNotSeenByTheChild) {
  Space parent = new_space(2);
  put<int>(parent, at_page(16), 1);
  const Space child = must(parent.fork());
  put<int>(parent, at_page(16), 2);
  put<int>(parent, at_page(17), 3);
  EXPECT_EQ(get<int>(child, at_page(16)), 1);
  EXPECT_EQ(get<int>(child, at_page(17)), 0);
  EXPECT_EQ(get<int>(parent, at_page(16)), 2);
}

TEST_F(Fork, AWriteByTheChildIsNotSeenByTheParent) {
  Space parent = new_space(2);
  put<int>(parent, at_page(16), 1);
  Space child = must(parent.fork());
  put<int>(child, at_page(16), 2);
  put<int>(child, at_page(17), 3);
  EXPECT_EQ(get<int>(parent, at_page(16)), 1);
  EXPECT_EQ(get<int>(parent, at_page(17)), 0);
}

TEST_F(Fork, OfNothingIsNothing) {
  Space parent = new_space();
  Space child = must(parent.fork());
  EXPECT_TRUE(regions_of(child).empty());
  ASSERT_TRUE(holds(child.map_at(at_page(16), kPageSize)));
  EXPECT_TRUE(regions_of(parent).empty());
}

TEST_F(Fork, CopiesOnlyWhatIsWritten) {
  Space parent = new_space(100);
  ASSERT_TRUE(holds(parent.write(at_page(16), filled(100 * kPageSize, 1))));
  Space child = must(parent.fork());
  EXPECT_EQ(copies(), 0u);
  put<int>(child, at_page(20), 1);
  put<int>(child, at_page(20), 2);
  put<int>(parent, at_page(20), 3);
  EXPECT_EQ(copies(), 1u) << "the child copied, and left the parent the only owner of the old page";
  put<int>(parent, at_page(21), 3);
  EXPECT_EQ(copies(), 2u);
  EXPECT_EQ(used(), 102u);
}

TEST_F(Fork, WhoseSiblingIsGoneWritesInPlace) {
  Space parent = new_space(100);
  ASSERT_TRUE(holds(parent.write(at_page(16), filled(100 * kPageSize, 1))));
  (void)must(parent.fork());
  ASSERT_TRUE(holds(parent.write(at_page(16), filled(100 * kPageSize, 2))));
  EXPECT_EQ(copies(), 0u);

  std::optional<Space> old{std::move(parent)};
  Space child = must(old->fork());
  old.reset();
  ASSERT_TRUE(holds(child.write(at_page(16), filled(100 * kPageSize, 3))));
  EXPECT_EQ(copies(), 0u);
  EXPECT_EQ(used(), 100u);
}

TEST_F(Fork, OfForksAreEachTheirOwn) {
  constexpr int kGenerations = 60;
  std::vector<Space> family;
  family.push_back(new_space(4));
  for (int i = 0; i < kGenerations; ++i) {
    put<int>(family.back(), at_page(16), i);
    put<int>(family.back(), at_page(17), 1000 + i);
    family.push_back(must(family.back().fork()));
    put<int>(family[family.size() - 2], at_page(18), 2000 + i);
  }
  for (int i = 0; i < kGenerations; ++i) {
    const auto& space = family[static_cast<std::size_t>(i)];
    EXPECT_EQ(get<int>(space, at_page(16)), i);
    EXPECT_EQ(get<int>(space, at_page(17)), 1000 + i);
    EXPECT_EQ(get<int>(space, at_page(18)), 2000 + i);
  }
  EXPECT_EQ(get<int>(family.back(), at_page(18)), 0);
  // The middle goes first, then the rest from both ends.
  family.erase(family.begin() + 20, family.begin() + 40);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(get<int>(family[static_cast<std::size_t>(i)], at_page(16)), i);
  family.erase(family.begin());
  EXPECT_EQ(get<int>(family.back(), at_page(16)), kGenerations - 1);
}

TEST_F(Fork, KeepsWhatTheParentUnmapsAndTheOtherWayRound) {
  Space parent = new_space(2);
  put<int>(parent, at_page(16), 1);
  Space child = must(parent.fork());
  ASSERT_TRUE(holds(child.unmap(at_page(16), pages_of(2))));
  EXPECT_EQ(get<int>(parent, at_page(16)), 1);
  EXPECT_THAT(regions_of(parent), ElementsAre(region(16, 18)));
}

TEST_F(Fork, OutlivesTheParent) {
  std::optional<Space> parent{new_space(2)};
  put<int>(*parent, at_page(16), 1);
  Space child = must(parent->fork());
  parent.reset();
  EXPECT_EQ(get<int>(child, at_page(16)), 1);
  EXPECT_EQ(pool.statistics().spaces, 1u);
}

TEST_F(Fork, GrowsOnItsOwn) {
  Space parent = new_space(2);
  put<int>(parent, at_page(16), 1);
  Space child = must(parent.fork());
  ASSERT_TRUE(holds(child.map_at(kLastPage, kPageSize)));
  put<int>(child, kLastPage, 2);
  put<int>(parent, at_page(17), 3);
  EXPECT_EQ(get<int>(child, at_page(16)), 1);
  EXPECT_EQ(get<int>(child, at_page(17)), 0);
  EXPECT_EQ(get<int>(child, kLastPage), 2);
}

class SpaceHandle : public OnASpace {};

TEST_F(SpaceHandle, CanBeMovedAndAssigned) {
  Space one = new_space(1);
  put<int>(one, at_page(16), 1);
  Space two = std::move(one);
  EXPECT_EQ(get<int>(two, at_page(16)), 1);
  Space three = new_space(1);
  put<int>(three, at_page(16), 3);
  three = std::move(two);
  EXPECT_EQ(get<int>(three, at_page(16)), 1);
}

}  // namespace
}  // namespace cleave::detail
