#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cleave/accessor.h>
#include <cleave/must.h>
#include <cleave/pin.h>

#include "tests/space/on_a_space.h"

namespace cleave::detail {
namespace {

class Contents : public OnASpace {};

TEST_F(Contents, OfAbsentPagesAreZeroesAndTakeNoFrame) {
  const Space space = new_space(1000);
  const Bytes read = bytes_in(space, at_page(16), 1000 * kPageSize);
  ASSERT_EQ(read.size(), 1000 * kPageSize);
  EXPECT_TRUE(std::all_of(read.begin(), read.end(), [](std::byte b) { return b == std::byte{0}; }));
  EXPECT_EQ(used(), 0u);
  EXPECT_EQ(pool.statistics().nodes, 0u);
}

TEST_F(Contents, AreWhatWasWrittenAtAnyOffsetAndLength) {
  Space space = new_space(20);
  Bytes expected(20 * kPageSize);
  std::uint64_t x = 12345;
  for (int n = 0; n < 300; ++n) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    const std::size_t from = (x >> 33) % expected.size();
    const std::size_t size =
        std::min<std::size_t>((x >> 20) % (3 * kPageSize), expected.size() - from);
    const Bytes bytes = patterned(size, x);
    ASSERT_TRUE(holds(space.write(at_page(16) + from, bytes)));
    std::copy(bytes.begin(), bytes.end(), expected.begin() + static_cast<std::ptrdiff_t>(from));
  }
  EXPECT_EQ(bytes_in(space, at_page(16), expected.size()), expected);
  EXPECT_EQ(copies(), 0u);
}

TEST_F(Contents, ThatAreWrittenTakeOneFrameAPage) {
  Space space = new_space(10);
  ASSERT_TRUE(holds(space.write(at_page(17, 4090), filled(12, 1))));
  EXPECT_EQ(used(), 2u);
  EXPECT_EQ(pool.statistics().zeroed, 2u);
  ASSERT_TRUE(holds(space.write(at_page(17), filled(8192, 2))));
  EXPECT_EQ(used(), 2u);
}

// Pages 16 to 55 are shared with a fork, 56 to 75 the space's own, and 76 to 115 absent.
class ManyPages : public OnASpace {
 protected:
  template <class Also>
  void expect_written(Also also) {
    const Bytes before = patterned(40 * kPageSize, 1);
    const Bytes after = patterned(100 * kPageSize, 3);
    Space space = new_space(100);
    ASSERT_TRUE(holds(space.write(at_page(16), before)));
    std::optional<Space> fork = must(space.fork());
    ASSERT_TRUE(holds(space.write(at_page(56), patterned(20 * kPageSize, 2))));
    [[maybe_unused]] const auto there_too = also(space);
    const auto copied = copies();
    const auto zeroed = pool.statistics().zeroed;
    ASSERT_TRUE(holds(space.write(at_page(16), after)));
    EXPECT_EQ(bytes_in(space, at_page(16), after.size()), after);
    EXPECT_EQ(bytes_in(*fork, at_page(16), before.size()), before);
    EXPECT_EQ(copies() - copied, 40u);
    EXPECT_EQ(pool.statistics().zeroed - zeroed, 40u);
    EXPECT_EQ(used(), 40u + 100u);
    fork.reset();
    EXPECT_EQ(used(), 100u) << "a reference was lost";
  }
};

TEST_F(ManyPages, AreWrittenWhetherSharedOwnedOrAbsent) {
  expect_written([](Space&) { return 0; });
}

TEST_F(ManyPages, AreWrittenInSightOfAnAccessor) {
  expect_written([](Space& space) { return must(space.accessor()); });
}

TEST_F(ManyPages, AreWrittenInPlaceWhereADevicePinsThem) {
  struct Device {
    ~Device() { EXPECT_EQ(std::memcmp(pin.pieces()[0].iov_base, after.data(), after.size()), 0); }
    Pin pin;
    Bytes after;
  };
  expect_written([](Space& space) {
    const Bytes all = patterned(100 * kPageSize, 3);
    const auto from = std::span(all).subspan((60 - 16) * kPageSize, kPageSize);
    return Device{must(space.pin(at_page(60), 3 * kPageSize, PinAccess::read)),
                  Bytes(from.begin(), from.end())};
  });
}

TEST_F(Contents, AreReadUpToTheFirstByteThatCannotBe) {
  Space space = new_space(3);
  ASSERT_TRUE(holds(space.write(at_page(16), filled(3 * kPageSize, 7))));
  Bytes into = filled(4 * kPageSize, 9);
  EXPECT_TRUE(fails_at(space.read(at_page(17, 100), into), Errc::not_mapped, at_page(19)));
  const auto served = static_cast<std::ptrdiff_t>(2 * kPageSize - 100);
  EXPECT_EQ(std::count(into.begin(), into.begin() + served, std::byte{7}), served);
  EXPECT_TRUE(fails_at(space.read(at_page(15, 4095), into), Errc::not_mapped, at_page(15, 4095)));
  ASSERT_TRUE(holds(space.protect(at_page(18), kPageSize, Protection::none)));
  EXPECT_TRUE(fails_at(space.read(at_page(17, 100), into), Errc::not_permitted, at_page(18)));
}

TEST_F(Contents, AreWrittenUpToTheFirstByteThatCannotBe) {
  Space space = new_space(3);
  EXPECT_TRUE(fails_at(space.write(at_page(17, 100), filled(3 * kPageSize, 7)), Errc::not_mapped,
                       at_page(19)));
  EXPECT_EQ(bytes_in(space, at_page(17, 100), 2 * kPageSize - 100), filled(2 * kPageSize - 100, 7));
  ASSERT_TRUE(holds(space.protect(at_page(17), kPageSize, Protection::read)));
  EXPECT_TRUE(fails_at(space.write(at_page(16, 50), filled(2 * kPageSize, 8)), Errc::not_permitted,
                       at_page(17)));
  EXPECT_EQ(bytes_in(space, at_page(16, 50), kPageSize - 50), filled(kPageSize - 50, 8));
  EXPECT_EQ(bytes_in(space, at_page(17), 100), filled(100, 0));
}

TEST_F(Contents, BeyondTheEndOfASpaceAreRefusedWhole) {
  Space space = new_space();
  ASSERT_TRUE(holds(space.map_at(kLastPage, kPageSize)));
  Bytes two(2);
  EXPECT_TRUE(fails_with(space.read(kLastByte, two), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.write(kLastByte, two), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.read(Address{~std::uint64_t{0}}, two), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.write(Address{~std::uint64_t{0}}, two), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.read(kEnd, two), Errc::bad_argument));
  EXPECT_EQ(used(), 0u) << "nothing was written";
  EXPECT_TRUE(holds(space.write(kLastByte, std::span(two).first(1))));
}

TEST_F(Contents, OfNoBytesAreServedAnywhere) {
  Space space = new_space();
  EXPECT_TRUE(holds(space.read(at_page(500), {})));
  EXPECT_TRUE(holds(space.write(at_page(500), {})));
  EXPECT_TRUE(holds(space.read(kEnd, {})));
  EXPECT_EQ(used(), 0u);
}

class TinyPool : public OnASpace {
 protected:
  TinyPool() : OnASpace(pages_of(8)) {}
};

TEST_F(TinyPool, ALongWriteThatRunsOutOfFramesSaysHowFarItGot) {
  Space space = new_space(20);
  const Bytes bytes = patterned(12 * kPageSize, 1);
  const auto written = space.write(at_page(16, 1000), bytes);
  ASSERT_TRUE(fails_at(written, Errc::no_memory, at_page(24)));
  const std::size_t served = 8 * kPageSize - 1000;
  EXPECT_EQ(bytes_in(space, at_page(16, 1000), served),
            Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(served)));
  EXPECT_EQ(bytes_in(space, at_page(24), 12 * kPageSize), filled(12 * kPageSize, 0));
  EXPECT_EQ(used(), 8u);
}

TEST_F(TinyPool, WhatIsOwnedCanBeWrittenWhenNoFrameIsLeft) {
  Space space = new_space(8);
  ASSERT_TRUE(holds(space.write(at_page(16), filled(8 * kPageSize, 1))));
  EXPECT_TRUE(holds(space.write(at_page(16), filled(8 * kPageSize, 2))));
}

TEST_F(TinyPool, AForkThatCannotCopyLeavesBothSidesAsTheyWere) {
  Space parent = new_space(8);
  const Bytes bytes = patterned(6 * kPageSize, 3);
  ASSERT_TRUE(holds(parent.write(at_page(16), bytes)));
  {
    Space child = must(parent.fork());
    EXPECT_TRUE(
        fails_at(child.write(at_page(16), filled(6 * kPageSize, 9)), Errc::no_memory, at_page(18)));
    EXPECT_EQ(bytes_in(parent, at_page(16), bytes.size()), bytes);
    Bytes expected = bytes;
    std::fill_n(expected.begin(), 2 * kPageSize, std::byte{9});
    EXPECT_EQ(bytes_in(child, at_page(16), bytes.size()), expected);
    EXPECT_TRUE(
        fails_at(parent.write(at_page(18, 5), filled(1, 9)), Errc::no_memory, at_page(18, 5)));
  }
  EXPECT_TRUE(holds(parent.write(at_page(16), filled(8 * kPageSize, 4))))
      << "the child's frames are free again";
}

TEST_F(TinyPool, RoomComesBackByDiscarding) {
  Space space = new_space(20);
  ASSERT_TRUE(holds(space.write(at_page(16), filled(8 * kPageSize, 1))));
  ASSERT_FALSE(space.write(at_page(30), filled(1, 1)));
  ASSERT_TRUE(holds(space.discard(at_page(16), kPageSize)));
  EXPECT_TRUE(holds(space.write(at_page(30), filled(1, 1))));
  EXPECT_EQ(bytes_in(space, at_page(30, 1), 4095), filled(4095, 0))
      << "a recycled frame shows no old bytes";
}

}  // namespace
}  // namespace cleave::detail
