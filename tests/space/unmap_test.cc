#include <cstdint>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cleave/must.h>

#include "tests/space/on_a_space.h"

namespace cleave::detail {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Where a failing read would put what it read.
Bytes one_byte(1);

class Unmap : public OnASpace {};
class Discard : public OnASpace {};
class Protect : public OnASpace {};

TEST_F(Unmap, GivesTheFramesBackAndForgetsTheContents) {
  Space space = new_space(10);
  for (std::uint64_t p = 16; p < 26; ++p) put<std::uint64_t>(space, at_page(p), p);
  EXPECT_EQ(used(), 10u);
  ASSERT_TRUE(holds(space.unmap(at_page(18), pages_of(4))));
  EXPECT_EQ(used(), 6u);
  EXPECT_THAT(regions_of(space), ElementsAre(region(16, 18), region(22, 26)));
  ASSERT_TRUE(holds(space.map_at(at_page(18), pages_of(4))));
  for (std::uint64_t p = 16; p < 26; ++p) {
    EXPECT_EQ(get<std::uint64_t>(space, at_page(p)), p < 18 || p >= 22 ? p : 0);
  }
}

TEST_F(Unmap, OfHolesIsFine) {
  Space space = new_space(2);
  EXPECT_TRUE(holds(space.unmap(at_page(100), pages_of(100))));
  EXPECT_TRUE(holds(space.unmap(Address{0}, kEnd - Address{0})));
  EXPECT_THAT(regions_of(space), IsEmpty());
  EXPECT_TRUE(holds(space.unmap(Address{0}, kEnd - Address{0})));
}

TEST_F(Unmap, RefusesBadArguments) {
  Space space = new_space(2);
  EXPECT_TRUE(fails_at(space.unmap(at_page(16, 1), 1), Errc::bad_argument, at_page(16, 1)));
  EXPECT_TRUE(fails_with(space.unmap(at_page(16), 0), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.unmap(kLastPage, kPageSize + 1), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.unmap(kEnd, 1), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.unmap(at_page(16), ~std::uint64_t{0}), Errc::bad_argument));
  EXPECT_THAT(regions_of(space), ElementsAre(region(16, 18)));
}

TEST_F(Unmap, LeavesForksTheirPages) {
  Space parent = new_space(10);
  for (std::uint64_t p = 16; p < 26; ++p) put<std::uint64_t>(parent, at_page(p), p);
  const Space child = must(parent.fork());
  ASSERT_TRUE(holds(parent.unmap(at_page(16), pages_of(10))));
  for (std::uint64_t p = 16; p < 26; ++p) EXPECT_EQ(get<std::uint64_t>(child, at_page(p)), p);
  EXPECT_TRUE(fails_at(parent.read(at_page(16), one_byte), Errc::not_mapped, at_page(16)));
  EXPECT_EQ(used(), 10u);
}

TEST_F(Discard, MakesPagesZeroAndKeepsTheRegion) {
  Space space = new_space(10);
  for (std::uint64_t p = 16; p < 26; ++p) put<std::uint64_t>(space, at_page(p), p);
  ASSERT_TRUE(holds(space.discard(at_page(18), pages_of(4))));
  EXPECT_EQ(used(), 6u);
  EXPECT_THAT(regions_of(space), ElementsAre(region(16, 26)));
  for (std::uint64_t p = 16; p < 26; ++p) {
    EXPECT_EQ(get<std::uint64_t>(space, at_page(p)), p < 18 || p >= 22 ? p : 0);
  }
}

TEST_F(Discard, IsNotSeenByForks) {
  Space parent = new_space(2);
  put<int>(parent, at_page(16), 5);
  const Space child = must(parent.fork());
  ASSERT_TRUE(holds(parent.discard(at_page(16), kPageSize)));
  EXPECT_EQ(get<int>(child, at_page(16)), 5);
  EXPECT_EQ(get<int>(parent, at_page(16)), 0);
}

TEST_F(Discard, RefusesHolesAndWhatMayNotBeWritten) {
  Space space = new_space(10);
  put<int>(space, at_page(16), 5);
  ASSERT_TRUE(holds(space.protect(at_page(20), kPageSize, Protection::read)));
  ASSERT_TRUE(holds(space.unmap(at_page(24), kPageSize)));
  EXPECT_TRUE(fails_at(space.discard(at_page(16), pages_of(6)), Errc::not_permitted, at_page(20)));
  EXPECT_TRUE(fails_at(space.discard(at_page(21), pages_of(5)), Errc::not_mapped, at_page(24)));
  EXPECT_TRUE(fails_at(space.discard(at_page(16, 8), 1), Errc::bad_argument, at_page(16, 8)));
  EXPECT_TRUE(fails_with(space.discard(at_page(16), 0), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.discard(kLastPage, kPageSize + 1), Errc::bad_argument));
  EXPECT_EQ(get<int>(space, at_page(16)), 5);
}

TEST_F(Protect, DecidesWhatIsPermitted) {
  Space space = new_space(3);
  put<int>(space, at_page(17), 5);
  ASSERT_TRUE(holds(space.protect(at_page(17), kPageSize, Protection::read)));
  EXPECT_THAT(regions_of(space),
              ElementsAre(region(16, 17), region(17, 18, Protection::read), region(18, 19)));
  EXPECT_TRUE(fails_at(space.write(at_page(17, 9), Bytes(1)), Errc::not_permitted, at_page(17, 9)));
  EXPECT_EQ(get<int>(space, at_page(17)), 5);
  ASSERT_TRUE(holds(space.protect(at_page(17), kPageSize, Protection::none)));
  EXPECT_TRUE(fails_at(space.read(at_page(17, 9), one_byte), Errc::not_permitted, at_page(17, 9)));
  ASSERT_TRUE(holds(space.protect(at_page(17), kPageSize, Protection::read_write)));
  EXPECT_EQ(get<int>(space, at_page(17)), 5) << "the contents stay, whatever was permitted";
  EXPECT_THAT(regions_of(space), ElementsAre(region(16, 19)));
}

TEST_F(Protect, CopiesNothing) {
  Space space = new_space(100);
  for (std::uint64_t p = 16; p < 116; ++p) put<int>(space, at_page(p), 5);
  ASSERT_TRUE(holds(space.protect(at_page(16), pages_of(100), Protection::read)));
  ASSERT_TRUE(holds(space.protect(at_page(16), pages_of(100), Protection::read_write)));
  for (std::uint64_t p = 16; p < 116; ++p) put<int>(space, at_page(p), 6);
  EXPECT_EQ(copies(), 0u);
  EXPECT_EQ(used(), 100u);
}

TEST_F(Protect, IsEachForksOwn) {
  Space parent = new_space(1);
  Space child = must(parent.fork());
  ASSERT_TRUE(holds(parent.protect(at_page(16), kPageSize, Protection::none)));
  put<int>(child, at_page(16), 5);
  EXPECT_EQ(get<int>(child, at_page(16)), 5);
  EXPECT_FALSE(parent.read(at_page(16), one_byte));
}

TEST_F(Protect, RefusesHolesAndBadArguments) {
  Space space = new_space(4);
  EXPECT_TRUE(fails_at(space.protect(at_page(18), pages_of(4), Protection::read), Errc::not_mapped,
                       at_page(20)));
  EXPECT_TRUE(fails_at(space.protect(at_page(16, 8), 1, Protection::read), Errc::bad_argument,
                       at_page(16, 8)));
  EXPECT_TRUE(fails_with(space.protect(at_page(16), 0, Protection::read), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.protect(at_page(16), kEnd - Address{0}, Protection::read),
                         Errc::bad_argument));
  EXPECT_THAT(regions_of(space), ElementsAre(region(16, 20)));
}

}  // namespace
}  // namespace cleave::detail
