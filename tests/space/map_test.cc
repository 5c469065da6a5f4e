#include <cstdint>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cleave/must.h>

#include "tests/space/on_a_space.h"

namespace cleave::detail {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace literals;

constexpr std::uint64_t kWholeSpace = std::uint64_t{1} << 48;

class Map : public OnASpace {};

TEST_F(Map, FindsRoomByItself) {
  Space space = new_space();
  const Address one = must(space.map(1_MiB));
  const Address two = must(space.map(1_MiB, Protection::read));
  EXPECT_GE(raw(one), 16 * kPageSize) << "small numbers are not addresses";
  EXPECT_TRUE(two >= one + 1_MiB || one >= two + 1_MiB);
  EXPECT_EQ(offset_in_page(one), 0u);
}

TEST_F(Map, RoundsSizesUpToPages) {
  Space space = new_space();
  ASSERT_TRUE(holds(space.map_at(at_page(100), 1)));
  ASSERT_TRUE(holds(space.map_at(at_page(102), kPageSize + 1)));
  EXPECT_THAT(regions_of(space), ElementsAre(region(100, 101), region(102, 104)));
}

TEST_F(Map, FillsAGapWhenTheTopIsTaken) {
  Space space = new_space();
  ASSERT_TRUE(holds(space.map_at(kLastPage, kPageSize)));
  ASSERT_TRUE(holds(space.map_at(at_page(16), pages_of(10))));
  ASSERT_TRUE(holds(space.map_at(at_page(30), pages_of(10))));
  EXPECT_EQ(must(space.map(pages_of(4))), at_page(26));
  EXPECT_EQ(must(space.map(pages_of(1))), at_page(40)) << "4 of the 4 pages before are taken";
}

TEST_F(Map, NeverChoosesTheFirstPages) {
  Space space = new_space();
  ASSERT_TRUE(holds(space.map_at(at_page(16), ByteCount{kWholeSpace - 16 * kPageSize})));
  EXPECT_TRUE(fails_with(space.map(kPageSize), Errc::no_memory));
  EXPECT_TRUE(holds(space.map_at(Address{0}, pages_of(16)))) << "on request they can be had";
  EXPECT_THAT(regions_of(space), ElementsAre(region(0, raw(kPageLimit))));
}

TEST_F(Map, RefusesWhatDoesNotFitIntoASpace) {
  Space space = new_space();
  EXPECT_TRUE(fails_with(space.map(0), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.map(ByteCount{kWholeSpace + 1}), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.map(~std::uint64_t{0}), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.map(ByteCount{kWholeSpace}), Errc::no_memory)) << "no such gap";
  EXPECT_THAT(regions_of(space), IsEmpty());
}

TEST_F(Map, AtAnAddressRefusesBadArguments) {
  Space space = new_space();
  EXPECT_TRUE(
      fails_at(space.map_at(Address{0x10'0001}, 1_MiB), Errc::bad_argument, Address{0x10'0001}));
  EXPECT_TRUE(fails_with(space.map_at(at_page(16), 0), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.map_at(kLastPage, kPageSize + 1), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.map_at(Address{kWholeSpace}, 1), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.map_at(Address{~std::uint64_t{0} << 12}, 1), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.map_at(at_page(16), ~std::uint64_t{0}), Errc::bad_argument))
      << "the end wraps round";
  EXPECT_THAT(regions_of(space), IsEmpty());
}

TEST_F(Map, RefusesWhatIsTakenAndSaysWhere) {
  Space space = new_space();
  ASSERT_TRUE(holds(space.map_at(at_page(20), pages_of(2))));
  EXPECT_TRUE(fails_at(space.map_at(at_page(16), pages_of(8)), Errc::already_mapped, at_page(20)));
  EXPECT_TRUE(fails_at(space.map_at(at_page(21), pages_of(8)), Errc::already_mapped, at_page(21)));
  EXPECT_THAT(regions_of(space), ElementsAre(region(20, 22)));
}

TEST_F(Map, TheFirstAndTheLastPageArePagesLikeOthers) {
  Space space = new_space();
  for (const Address at : {Address{0}, kLastPage}) {
    ASSERT_TRUE(holds(space.map_at(at, kPageSize)));
    put<std::uint64_t>(space, at, 7);
    put<std::uint64_t>(space, at + (kPageSize - 8), 9);
    EXPECT_EQ(get<std::uint64_t>(space, at), 7u);
    EXPECT_EQ(get<std::uint64_t>(space, at + (kPageSize - 8)), 9u);
  }
}

TEST_F(Map, WholeSpaceCostsNothingUntilWritten) {
  Space space = new_space();
  ASSERT_TRUE(holds(space.map_at(Address{0}, ByteCount{kWholeSpace})));
  EXPECT_EQ(used(), 0u);
  EXPECT_EQ(pool.statistics().nodes, 0u);
  put<std::uint8_t>(space, Address{kWholeSpace / 2}, 1);
  EXPECT_EQ(used(), 1u);
}

TEST_F(Map, TenThousandRegionsAreFoundAgain) {
  Space space = new_space();
  constexpr std::uint64_t kRegions = 10'000;
  for (std::uint64_t i = 0; i < kRegions; ++i) {
    must(space.map_at(at_page(16 + 3 * ((i * 7919) % kRegions)), pages_of(2)));
  }
  ASSERT_EQ(regions_of(space).size(), kRegions);
  Bytes one_byte(1);
  EXPECT_EQ(pool.statistics().regions, kRegions);
  for (std::uint64_t i = 0; i < kRegions; i += 13) {
    put<std::uint64_t>(space, at_page(16 + 3 * i), i);
    EXPECT_TRUE(fails_at(space.read(at_page(16 + 3 * i + 2), one_byte), Errc::not_mapped,
                         at_page(16 + 3 * i + 2)));
  }
  for (std::uint64_t i = 0; i < kRegions; i += 13) {
    EXPECT_EQ(get<std::uint64_t>(space, at_page(16 + 3 * i)), i);
  }
}

TEST_F(Map, AFailureLeavesTheContentsAlone) {
  Space space = new_space(4);
  put<int>(space, at_page(17), 5);
  EXPECT_FALSE(space.map_at(at_page(15), pages_of(3)));
  EXPECT_EQ(get<int>(space, at_page(17)), 5);
}

class MapDeathTest : public OnASpace {};

TEST_F(MapDeathTest, OfASpaceThatWasMovedFromStopsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a child of fork(2) has no memory of ours
  EXPECT_DEATH(
      {
        Space space = new_space();
        const Space moved = std::move(space);
        (void)space.map(kPageSize);  // NOLINT(bugprone-use-after-move): that is the point
      },
      "use of a moved-from Space");
}

}  // namespace
}  // namespace cleave::detail
