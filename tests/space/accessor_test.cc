#include <cstdint>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/accessor.h>
#include <cleave/must.h>

#include "sync/memory.h"
#include "tests/space/on_a_space.h"
#include "tests/table/crowded.h"

namespace cleave::detail {
namespace {

struct Pair {
  std::int16_t low;
  std::int16_t high;
  friend bool operator==(const Pair&, const Pair&) = default;
};

class Access : public OnASpace {
 protected:
  template <class T>
  void comes_back_anywhere(Accessor& accessor, T value) {
    // All offsets near the end of a page: aligned, misaligned, and across two pages.
    for (std::uint64_t offset = kPageSize - 17; offset < kPageSize + 8; ++offset) {
      const Address at = at_page(16, offset);
      ASSERT_TRUE(holds(accessor.store<T>(at, value))) << "offset " << offset;
      ASSERT_EQ(must(accessor.load<T>(at)), value) << "offset " << offset;
    }
  }
};

using AccessErrors = Access;
using AccessDeathTest = Access;

TEST_F(Access, OfEverySizeAndTypeAtEveryOffset) {
  Space space = new_space(3);
  Accessor accessor = must(space.accessor());
  comes_back_anywhere<std::uint8_t>(accessor, 0x81);
  comes_back_anywhere<char>(accessor, 'c');
  comes_back_anywhere<bool>(accessor, true);
  comes_back_anywhere<std::int16_t>(accessor, -1234);
  comes_back_anywhere<std::uint32_t>(accessor, 0x8765'4321u);
  comes_back_anywhere<float>(accessor, 1.5F);
  comes_back_anywhere<std::uint64_t>(accessor, 0x8123'4567'89ab'cdefu);
  comes_back_anywhere<double>(accessor, -0.1);
  comes_back_anywhere<Pair>(accessor, Pair{-1, 2});
}

TEST_F(Access, AWordLeavesItsNeighboursAlone) {
  Space space = new_space(2);
  Accessor accessor = must(space.accessor());
  ASSERT_TRUE(holds(accessor.write(at_page(16), filled(64, 0xaa))));
  ASSERT_TRUE(holds(accessor.store<std::uint32_t>(at_page(16, 8), 0)));
  ASSERT_TRUE(holds(accessor.store<std::uint16_t>(at_page(16, 21), 0)));
  Bytes expected = filled(64, 0xaa);
  for (const std::size_t i : {8u, 9u, 10u, 11u, 21u, 22u}) expected[i] = std::byte{0};
  EXPECT_EQ(bytes_in(accessor, at_page(16), 64), expected);
}

TEST_F(Access, AtomicsGiveWhatWasThere) {
  Space space = new_space(1);
  Accessor accessor = must(space.accessor());
  EXPECT_EQ(must(accessor.fetch_add<std::uint64_t>(at_page(16, 8), 5)), 0u);
  EXPECT_EQ(must(accessor.fetch_add<std::uint64_t>(at_page(16, 8), 5)), 5u);
  EXPECT_EQ(must(accessor.fetch_add<std::int8_t>(at_page(16, 8), -11)), 10);
  EXPECT_EQ(must(accessor.load<std::int8_t>(at_page(16, 8))), -1);
  EXPECT_EQ(must(accessor.compare_exchange<std::uint32_t>(at_page(16, 16), 1, 2)), 0u);
  EXPECT_EQ(must(accessor.load<std::uint32_t>(at_page(16, 16))), 0u);
  EXPECT_EQ(must(accessor.compare_exchange<std::uint32_t>(at_page(16, 16), 0, 2)), 0u);
  EXPECT_EQ(must(accessor.load<std::uint32_t>(at_page(16, 16))), 2u);
}

TEST_F(Access, LongReadsAndWritesAreThoseOfTheSpace) {
  Space space = new_space(400);
  Accessor accessor = must(space.accessor());
  const Bytes bytes = patterned(300 * kPageSize + 77, 5);
  ASSERT_TRUE(holds(accessor.write(at_page(20, 1000), bytes)));
  EXPECT_EQ(bytes_in(space, at_page(20, 1000), bytes.size()), bytes);
  EXPECT_EQ(bytes_in(accessor, at_page(20, 1000), bytes.size()), bytes);
}

TEST_F(Access, AndTheSpaceItselfSeeTheSameBytesAtOnce) {
  Space space = new_space(300);
  Accessor accessor = must(space.accessor());
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t p = 16; p < 316; ++p) {
      EXPECT_EQ(must(accessor.load<std::uint64_t>(at_page(p))), p * static_cast<unsigned>(round));
      put<std::uint64_t>(space, at_page(p), p * static_cast<unsigned>(round + 1));
      ASSERT_EQ(must(accessor.load<std::uint64_t>(at_page(p))),
                p * static_cast<unsigned>(round + 1));
      ASSERT_TRUE(holds(accessor.store<std::uint64_t>(at_page(p, 8), p)));
      ASSERT_EQ(get<std::uint64_t>(space, at_page(p, 8)), p);
    }
    (void)must(space.fork());
  }
}

TEST_F(Access, OfAnAbsentPageSeesTheFirstWriteOfAnother) {
  Space space = new_space(2);
  Accessor reader = must(space.accessor());
  Accessor writer = must(space.accessor());
  ASSERT_EQ(must(reader.load<int>(at_page(16))), 0);
  ASSERT_TRUE(holds(writer.store<int>(at_page(16), 5)));
  EXPECT_EQ(must(reader.load<int>(at_page(16))), 5);
  EXPECT_EQ(used(), 1u);
}

TEST_F(Access, ByOneThreadThroughTwoAccessorsIsOne) {
  Space space = new_space(4);
  Accessor one = must(space.accessor());
  Accessor two = must(space.accessor());
  std::vector<Space> forks;
  for (int i = 1; i < 50; ++i) {
    ASSERT_TRUE(holds((i % 2 == 0 ? one : two).store<int>(at_page(16), i)));
    ASSERT_EQ(must(one.load<int>(at_page(16))), i);
    ASSERT_EQ(must(two.load<int>(at_page(16))), i);
    if (i % 5 == 0) forks.push_back(must(space.fork()));
    if (i % 13 == 0) forks.clear();
  }
}

TEST_F(Access, ToManySpacesByOneThread) {
  Space parent = new_space(4);
  put<int>(parent, at_page(16), 1);
  Accessor to_parent = must(parent.accessor());
  ASSERT_EQ(must(to_parent.load<int>(at_page(16))), 1);
  std::vector<Space> children;
  std::vector<Accessor> to_children;
  for (int i = 0; i < 20; ++i) {
    children.push_back(must(parent.fork()));
    to_children.push_back(must(children.back().accessor()));
    ASSERT_TRUE(holds(to_children.back().store<int>(at_page(16), 100 + i)));
    ASSERT_TRUE(holds(to_parent.store<int>(at_page(17), i)));
  }
  for (int i = 0; i < 20; ++i) {
    const auto n = static_cast<std::size_t>(i);
    EXPECT_EQ(must(to_children[n].load<int>(at_page(16))), 100 + i);
    EXPECT_EQ(must(to_children[n].load<int>(at_page(17))), i == 0 ? 0 : i - 1);
  }
  EXPECT_EQ(must(to_parent.load<int>(at_page(16))), 1);
}

TEST_F(Access, AfterAForkStaysOnItsOwnSide) {
  Space space = new_space(1);
  Accessor accessor = must(space.accessor());
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(holds(accessor.store<int>(at_page(16), i)));
  const Space child = must(space.fork());
  ASSERT_TRUE(holds(accessor.store<int>(at_page(16), -1)));
  EXPECT_EQ(get<int>(child, at_page(16)), 4999);
  EXPECT_EQ(get<int>(space, at_page(16)), -1);
}

TEST_F(Access, SeesProtectionAtOnce) {
  Space space = new_space(1);
  Accessor accessor = must(space.accessor());
  ASSERT_TRUE(holds(accessor.store<int>(at_page(16), 1)));
  ASSERT_TRUE(holds(space.protect(at_page(16), kPageSize, Protection::read)));
  EXPECT_TRUE(fails_with(accessor.store<int>(at_page(16), 2), Errc::not_permitted));
  EXPECT_EQ(must(accessor.load<int>(at_page(16))), 1);
  ASSERT_TRUE(holds(space.protect(at_page(16), kPageSize, Protection::none)));
  EXPECT_TRUE(fails_with(accessor.load<int>(at_page(16)), Errc::not_permitted));
  ASSERT_TRUE(holds(space.protect(at_page(16), kPageSize, Protection::read_write)));
  EXPECT_TRUE(holds(accessor.store<int>(at_page(16), 3)));
}

TEST_F(Access, SeesUnmappingDiscardingAndRollingBackAtOnce) {
  Space space = new_space(2);
  Accessor accessor = must(space.accessor());
  ASSERT_TRUE(holds(accessor.store<int>(at_page(16), 1)));
  const Snapshot one = must(space.snapshot());
  ASSERT_TRUE(holds(accessor.store<int>(at_page(16), 2)));
  ASSERT_TRUE(holds(space.rollback(one)));
  EXPECT_EQ(must(accessor.load<int>(at_page(16))), 1);
  ASSERT_TRUE(holds(space.discard(at_page(16), kPageSize)));
  EXPECT_EQ(must(accessor.load<int>(at_page(16))), 0);
  ASSERT_TRUE(holds(accessor.store<int>(at_page(16), 3)));
  ASSERT_TRUE(holds(space.unmap(at_page(16), kPageSize)));
  EXPECT_TRUE(fails_with(accessor.load<int>(at_page(16)), Errc::not_mapped));
  EXPECT_TRUE(fails_with(accessor.store<int>(at_page(16), 3), Errc::not_mapped));
  ASSERT_TRUE(holds(space.map_at(at_page(16), kPageSize)));
  EXPECT_EQ(must(accessor.load<int>(at_page(16))), 0);
  EXPECT_EQ(must(one.load<int>(at_page(16))), 1);
}

TEST_F(Access, KeepsTheSpaceAlive) {
  std::optional<Space> space{new_space(1)};
  std::optional<Accessor> accessor{must(space->accessor())};
  space.reset();
  EXPECT_EQ(pool.statistics().spaces, 1u);
  ASSERT_TRUE(holds(accessor->store<int>(at_page(16), 1)));
  EXPECT_EQ(must(accessor->load<int>(at_page(16))), 1);
  accessor.reset();
  EXPECT_EQ(pool.statistics().spaces, 0u);
}

TEST_F(Access, HandlesCanBeMovedAndAssigned) {
  Space space = new_space(1);
  Space other = new_space(1);
  Accessor one = must(space.accessor());
  ASSERT_TRUE(holds(one.store<int>(at_page(16), 1)));
  Accessor two = std::move(one);
  EXPECT_EQ(must(two.load<int>(at_page(16))), 1);
  Accessor three = must(other.accessor());
  three = std::move(two);
  EXPECT_EQ(must(three.load<int>(at_page(16))), 1);
}

// Page 17 has as many references as it may have, so that the node above both cannot be copied.
TEST_F(Access, BesideAPageThatIsSharedTooOftenFailsAndMovesNothing) {
  Space space = new_space(2);
  put<int>(space, at_page(16), 1);
  put<int>(space, at_page(17), 2);
  Accessor reader = must(space.accessor());
  Accessor writer = must(space.accessor());
  ASSERT_EQ(must(reader.load<int>(at_page(17))), 2);
  const Space child = must(space.fork());
  {
    // Frames are given in order: the second page that was written has the second frame.
    const Crowded crowded(pool, FrameId{2});
    EXPECT_TRUE(fails_at(writer.store<int>(at_page(16), 3), Errc::no_memory, at_page(16)));
    EXPECT_EQ(must(reader.load<int>(at_page(16))), 1);
  }
  ASSERT_TRUE(holds(writer.store<int>(at_page(16), 3)));
  ASSERT_TRUE(holds(writer.store<int>(at_page(17), 4)));
  EXPECT_EQ(must(reader.load<int>(at_page(16))), 3);
  EXPECT_EQ(must(reader.load<int>(at_page(17))), 4);
  EXPECT_EQ(get<int>(child, at_page(17)), 2);
}

TEST_F(AccessErrors, NameTheFirstByteThatCouldNotBeServed) {
  Space space = new_space(1);
  Accessor accessor = must(space.accessor());
  const Address hole = at_page(40, 64);
  EXPECT_TRUE(fails_at(accessor.load<int>(hole), Errc::not_mapped, hole));
  EXPECT_TRUE(fails_at(accessor.store<int>(hole, 1), Errc::not_mapped, hole));
  EXPECT_TRUE(fails_at(accessor.fetch_add<int>(hole, 1), Errc::not_mapped, hole));
  EXPECT_TRUE(fails_at(accessor.compare_exchange<int>(hole, 1, 2), Errc::not_mapped, hole));
  EXPECT_TRUE(fails_at(accessor.load<int>(at_page(16, 4094)), Errc::not_mapped, at_page(17)));
  EXPECT_TRUE(fails_at(accessor.store<int>(at_page(16, 4094), 1), Errc::not_mapped, at_page(17)));
  ASSERT_TRUE(holds(space.protect(at_page(16), kPageSize, Protection::read)));
  EXPECT_TRUE(
      fails_at(accessor.store<int>(at_page(16, 8), 1), Errc::not_permitted, at_page(16, 8)));
  ASSERT_TRUE(holds(space.protect(at_page(16), kPageSize, Protection::none)));
  EXPECT_TRUE(fails_at(accessor.load<int>(at_page(16, 8)), Errc::not_permitted, at_page(16, 8)));
}

TEST_F(AccessErrors, BeyondTheEndOfASpaceAreBadArguments) {
  Space space = new_space();
  must(space.map_at(kLastPage, kPageSize));
  Accessor accessor = must(space.accessor());
  for (const Address at :
       {kEnd, kEnd + 8, Address{~std::uint64_t{7}}, Address{~std::uint64_t{0}}}) {
    EXPECT_TRUE(fails_with(accessor.load<int>(at), Errc::bad_argument)) << raw(at);
    EXPECT_TRUE(fails_with(accessor.store<int>(at, 1), Errc::bad_argument)) << raw(at);
    EXPECT_TRUE(fails_with(accessor.fetch_add<int>(at, 1), Errc::bad_argument)) << raw(at);
  }
  EXPECT_TRUE(fails_with(accessor.load<int>(kLastByte), Errc::bad_argument));
  EXPECT_TRUE(holds(accessor.store<std::uint8_t>(kLastByte, 1)));
}

TEST_F(AccessErrors, AtomicsRefuseOddAddresses) {
  Space space = new_space(1);
  Accessor accessor = must(space.accessor());
  EXPECT_TRUE(
      fails_at(accessor.fetch_add<int>(at_page(16, 2), 1), Errc::bad_argument, at_page(16, 2)));
  EXPECT_TRUE(fails_at(accessor.compare_exchange<std::uint64_t>(at_page(16, 4), 0, 1),
                       Errc::bad_argument, at_page(16, 4)));
  EXPECT_TRUE(holds(accessor.fetch_add<std::uint8_t>(at_page(16, 3), 1)));
}

TEST_F(AccessErrors, WithoutAFrameNothingIsStored) {
  Space space = new_space(2);
  Accessor accessor = must(space.accessor());
  sync::fail_allocation(1);
  EXPECT_TRUE(fails_at(accessor.store<int>(at_page(16, 8), 1), Errc::no_memory, at_page(16, 8)));
  sync::fail_allocation(0);
  EXPECT_EQ(must(accessor.load<int>(at_page(16, 8))), 0);
  EXPECT_TRUE(holds(accessor.store<int>(at_page(16, 8), 1)));
}

TEST_F(AccessDeathTest, OfAnotherThreadStopsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        Space space = new_space(1);
        Accessor accessor = must(space.accessor());
        std::thread([&] { (void)accessor.load<int>(at_page(16)); }).join();
      },
      "another thread");
  EXPECT_DEATH(
      {
        Space space = new_space(1);
        Accessor accessor = must(space.accessor());
        std::thread([&] { (void)accessor.store<int>(at_page(16), 1); }).join();
      },
      "another thread");
}

}  // namespace
}  // namespace cleave::detail
