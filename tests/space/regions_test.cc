#include "space/regions.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cleave/must.h>

#include "base/handle_access.h"
#include "frames/frames.h"
#include "tests/space/on_a_space.h"

namespace cleave::detail {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kNone = Protection::none;
constexpr auto kRead = Protection::read;
constexpr auto kWrite = Protection::read_write;

PageRange range(std::uint64_t first, std::uint64_t end) { return {PageNo{first}, PageNo{end}}; }

class RegionSet : public OnAPool {
 protected:
  [[nodiscard]] Regions empty() const { return Regions(HandleAccess::state(pool)); }
};

TEST_F(RegionSet, IsEmptyAtFirst) {
  const Regions none = empty();
  EXPECT_EQ(none.find(PageNo{0}), nullptr);
  EXPECT_EQ(none.first_from(PageNo{0}), nullptr);
  EXPECT_EQ(none.last(), nullptr);
  EXPECT_THAT(regions_of(none), IsEmpty());
}

TEST_F(RegionSet, FindsARegionFromItsFirstPageToItsLast) {
  const Regions set = must(empty().with_mapped(range(5, 9), kRead));
  EXPECT_EQ(set.find(PageNo{4}), nullptr);
  ASSERT_NE(set.find(PageNo{5}), nullptr);
  EXPECT_EQ(*set.find(PageNo{8}), region(5, 9, kRead));
  EXPECT_EQ(set.find(PageNo{9}), nullptr);
}

TEST_F(RegionSet, NeighboursWithOneProtectionAreOne) {
  Regions set = must(empty().with_mapped(range(5, 9), kRead));
  set = must(set.with_mapped(range(11, 15), kRead));
  EXPECT_THAT(regions_of(set), ElementsAre(region(5, 9, kRead), region(11, 15, kRead)));
  EXPECT_THAT(regions_of(must(set.with_mapped(range(9, 11), kRead))),
              ElementsAre(region(5, 15, kRead)));
  EXPECT_THAT(regions_of(must(set.with_mapped(range(9, 11), kWrite))),
              ElementsAre(region(5, 9, kRead), region(9, 11, kWrite), region(11, 15, kRead)));
}

TEST_F(RegionSet, RefusesToMapOverARegionAndSaysWhere) {
  const Regions set = must(empty().with_mapped(range(5, 9), kRead));
  EXPECT_TRUE(fails_at(set.with_mapped(range(8, 20), kRead), Errc::already_mapped, at_page(8)));
  EXPECT_TRUE(fails_at(set.with_mapped(range(2, 6), kRead), Errc::already_mapped, at_page(5)));
  EXPECT_TRUE(fails_at(set.with_mapped(range(6, 7), kRead), Errc::already_mapped, at_page(6)));
  EXPECT_TRUE(holds(set.with_mapped(range(2, 5), kRead)));
}

TEST_F(RegionSet, UnmappingCutsWhatReachesOverTheEnds) {
  Regions set = must(empty().with_mapped(range(10, 20), kWrite));
  EXPECT_THAT(regions_of(must(set.with_unmapped(range(13, 15)))),
              ElementsAre(region(10, 13), region(15, 20)));
  EXPECT_THAT(regions_of(must(set.with_unmapped(range(0, 15)))), ElementsAre(region(15, 20)));
  EXPECT_THAT(regions_of(must(set.with_unmapped(range(15, 99)))), ElementsAre(region(10, 15)));
  EXPECT_THAT(regions_of(must(set.with_unmapped(range(0, 99)))), IsEmpty());
  EXPECT_THAT(regions_of(must(set.with_unmapped(range(20, 99)))), ElementsAre(region(10, 20)));
}

TEST_F(RegionSet, AChangeLeavesTheOldSetAsItWas) {
  const Regions before = must(empty().with_mapped(range(10, 20), kWrite));
  const Regions after = must(before.with_protection(range(12, 14), kNone));
  EXPECT_THAT(regions_of(before), ElementsAre(region(10, 20)));
  EXPECT_THAT(regions_of(after),
              ElementsAre(region(10, 12), region(12, 14, kNone), region(14, 20)));
}

TEST_F(RegionSet, ProtectingBackMakesOneRegionAgain) {
  Regions set = must(empty().with_mapped(range(10, 20), kWrite));
  for (std::uint64_t p = 10; p < 20; ++p) set = must(set.with_protection(range(p, p + 1), kRead));
  EXPECT_THAT(regions_of(set), ElementsAre(region(10, 20, kRead)));
  set = must(set.with_protection(range(12, 13), kWrite));
  set = must(set.with_protection(range(15, 16), kWrite));
  set = must(set.with_protection(range(10, 20), kWrite));
  EXPECT_THAT(regions_of(set), ElementsAre(region(10, 20)));
  EXPECT_EQ(pool.statistics().regions, 1u);
}

TEST_F(RegionSet, RefusesToProtectAHoleAndSaysWhere) {
  Regions set = must(empty().with_mapped(range(10, 20), kWrite));
  set = must(set.with_mapped(range(22, 30), kWrite));
  EXPECT_TRUE(fails_at(set.with_protection(range(15, 25), kRead), Errc::not_mapped, at_page(20)));
  EXPECT_TRUE(fails_at(set.with_protection(range(5, 12), kRead), Errc::not_mapped, at_page(5)));
  EXPECT_TRUE(fails_at(set.with_protection(range(29, 31), kRead), Errc::not_mapped, at_page(30)));
}

TEST_F(RegionSet, ChecksEveryPageOfARange) {
  Regions set = must(empty().with_mapped(range(10, 20), kWrite));
  set = must(set.with_mapped(range(20, 25), kRead));
  EXPECT_TRUE(holds(set.check(range(10, 25), kRead)));
  EXPECT_TRUE(holds(set.check(range(12, 12), kWrite)));
  EXPECT_TRUE(fails_at(set.check(range(10, 25), kWrite), Errc::not_permitted, at_page(20)));
  EXPECT_TRUE(fails_at(set.check(range(10, 30), kRead), Errc::not_mapped, at_page(25)));
  EXPECT_TRUE(fails_at(set.check(range(9, 11), kNone), Errc::not_mapped, at_page(9)));
}

// A map of single pages beside the set.
TEST_F(RegionSet, AgreesWithAMapOfPages) {
  constexpr std::uint64_t kPages = 80;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    std::mt19937_64 random(seed);
    Regions set = empty();
    std::map<std::uint64_t, Protection> model;
    for (int step = 0; step < 400; ++step) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", step " << step);
      const std::uint64_t first = random() % kPages;
      const std::uint64_t end = first + 1 + random() % std::min<std::uint64_t>(12, kPages - first);
      const auto protection = static_cast<Protection>(random() % 3);
      const auto model_first_in = model.lower_bound(first);
      std::uint64_t first_hole = first;
      while (first_hole < end && model.count(first_hole) == 1) ++first_hole;
      switch (random() % 3) {
        case 0: {
          auto next = set.with_mapped(range(first, end), protection);
          if (model_first_in != model.end() && model_first_in->first < end) {
            ASSERT_TRUE(fails_at(next, Errc::already_mapped, at_page(model_first_in->first)));
          } else {
            set = must(std::move(next));
            for (auto p = first; p < end; ++p) model[p] = protection;
          }
          break;
        }
        case 1:
          set = must(set.with_unmapped(range(first, end)));
          model.erase(model_first_in, model.lower_bound(end));
          break;
        default: {
          auto next = set.with_protection(range(first, end), protection);
          if (first_hole < end) {
            ASSERT_TRUE(fails_at(next, Errc::not_mapped, at_page(first_hole)));
          } else {
            set = must(std::move(next));
            for (auto p = first; p < end; ++p) model[p] = protection;
          }
        }
      }
      // The regions that the model's pages make. Mapping and protecting join neighbours.
      std::vector<Region> expected;
      for (const auto& [page, p] : model) {
        if (!expected.empty() && expected.back().pages.end == PageNo{page} &&
            expected.back().protection == p) {
          expected.back().pages.end = PageNo{page + 1};
        } else {
          expected.push_back(region(page, page + 1, p));
        }
      }
      ASSERT_EQ(regions_of(set), expected);
      for (std::uint64_t p = 0; p < kPages; ++p) {
        const Region* found = set.find(PageNo{p});
        ASSERT_EQ(found != nullptr, model.count(p) == 1);
        const auto above = std::find_if(expected.begin(), expected.end(),
                                        [&](const Region& r) { return r.pages.end > PageNo{p}; });
        const Region* next = set.first_from(PageNo{p});
        ASSERT_EQ(next == nullptr, above == expected.end());
        ASSERT_TRUE(next == nullptr || *next == *above);
      }
      if (expected.empty()) {
        ASSERT_EQ(set.last(), nullptr);
      } else {
        ASSERT_EQ(*set.last(), expected.back());
      }
    }
    ASSERT_EQ(pool.statistics().regions, regions_of(set).size())
        << "a node a region, when none is shared";
  }
}

// What a change costs is told by the nodes that it makes beside those of the old set.
TEST_F(RegionSet, AChangeMakesFewNodesHoweverManyRegionsThereAre) {
  constexpr std::uint64_t kRegions = 10'000;
  const auto cost = [&](const Regions& set, PageRange where, Protection protection) {
    const auto before = pool.statistics().regions;
    const Regions changed = must(set.with_protection(where, protection));
    return pool.statistics().regions - before;
  };
  // However the regions came about: from below, from above, all over.
  for (const int order : {0, 1, 2}) {
    Regions set = must(empty().with_mapped(range(0, 4 * kRegions), kWrite));
    std::vector<std::uint64_t> cuts;
    for (std::uint64_t i = 0; i < kRegions; ++i) cuts.push_back(4 * i + 1);
    if (order == 1) std::reverse(cuts.begin(), cuts.end());
    if (order == 2) std::shuffle(cuts.begin(), cuts.end(), std::mt19937_64(1));
    for (const auto p : cuts) set = must(set.with_protection(range(p, p + 1), kRead));
    ASSERT_EQ(pool.statistics().regions, 2 * kRegions + 1);
    std::uint64_t most = 0;
    for (std::uint64_t p = 1; p < 4 * kRegions; p += 97 * 4) {
      most = std::max(most, cost(set, range(p, p + 1), kNone));
    }
    EXPECT_LT(most, 300u) << "order " << order;  // some 2 log2(20,000) a path, and a few paths
  }
}

// A treap's shape follows from its keys, and equal shapes from equal sets.
TEST_F(RegionSet, CostsTheSameHoweverItCameAbout) {
  const auto built = [&](const std::vector<std::uint64_t>& order) {
    Regions set = empty();
    for (const auto i : order) set = must(set.with_mapped(range(4 * i, 4 * i + 1), kRead));
    return set;
  };
  std::vector<std::uint64_t> order;
  for (std::uint64_t i = 0; i < 200; ++i) order.push_back(i);
  const Regions straight = built(order);
  // The same regions, cut out of a large one.
  Regions cut = must(empty().with_mapped(range(0, 800), kRead));
  std::shuffle(order.begin(), order.end(), std::mt19937_64(3));
  for (const auto i : order) cut = must(cut.with_unmapped(range(4 * i + 1, 4 * i + 4)));
  ASSERT_EQ(regions_of(straight), regions_of(cut));
  const auto nodes_for_a_change = [&](const Regions& set, std::uint64_t i) {
    const auto before = pool.statistics().regions;
    const Regions changed = must(set.with_protection(range(4 * i, 4 * i + 1), kWrite));
    return pool.statistics().regions - before;
  };
  for (std::uint64_t i = 0; i < 200; ++i) {
    ASSERT_EQ(nodes_for_a_change(straight, i), nodes_for_a_change(cut, i)) << "region " << i;
  }
}

}  // namespace
}  // namespace cleave::detail
