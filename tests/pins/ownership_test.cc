// What is pinned was owned first: rule a. And what cannot be owned, or not by this caller, is
// refused as a whole.
#include <deque>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "frames/frames.h"
#include "tests/pins/on_pins.h"

namespace cleave::detail {
namespace {

class PinOwns : public OnPins, public testing::WithParamInterface<PinAccess> {};

TEST_P(PinOwns, ASharedPageByCopyingItFirst) {
  Space space = written_space(4);
  const Space child = must(space.fork());
  const auto copied = copies();
  const Pin pin = must(space.pin(at_page(17), pages_of(1), GetParam()));
  EXPECT_EQ(copies() - copied, 1u);
  EXPECT_EQ(state(pin).references(), 1u);
  put<int>(space, at_page(17), 42);
  int seen = 0;
  std::memcpy(&seen, seen_through(pin).data(), sizeof seen);
  EXPECT_EQ(seen, 42);
  EXPECT_EQ(bytes_in(child, at_page(16), 4 * kPageSize), patterned(4 * kPageSize, 1));
}

TEST_P(PinOwns, AnAbsentPageByGivingItAFrameOfZeroes) {
  Space space = new_space(4);
  const Pin pin = must(space.pin(at_page(17, 3), 2 * kPageSize, GetParam()));
  EXPECT_EQ(used(), 3u);
  EXPECT_EQ(seen_through(pin), filled(2 * kPageSize, 0));
  put<int>(space, at_page(18), 0x01010101);
  EXPECT_NE(seen_through(pin), filled(2 * kPageSize, 0));
}

TEST_P(PinOwns, WhatASnapshotSharesToo) {
  Space space = written_space(2);
  const Snapshot before = must(space.snapshot());
  Accessor accessor = must(space.accessor());
  const Pin pin = must(accessor.pin(at_page(16), pages_of(2), GetParam()));
  write_through(pin, filled(2 * kPageSize, 3));
  EXPECT_EQ(bytes_in(before, at_page(16), 2 * kPageSize), patterned(2 * kPageSize, 1));
  EXPECT_EQ(bytes_in(space, at_page(16), 2 * kPageSize), filled(2 * kPageSize, 3));
}

// The path is owned, the frame is not: its neighbour was written after the fork.
TEST_P(PinOwns, AFrameThatIsSharedBelowAPathThatIsNot) {
  Space space = written_space(2);
  const Space child = must(space.fork());
  Accessor accessor = must(space.accessor());
  must(accessor.store<int>(at_page(17), 5));
  const Pin pin = must(accessor.pin(at_page(16), pages_of(2), GetParam()));
  write_through(pin, filled(2 * kPageSize, 3));
  EXPECT_EQ(bytes_in(child, at_page(16), 2 * kPageSize), patterned(2 * kPageSize, 1));
}

TEST_P(PinOwns, NothingIfAHoleIsInTheMiddle) {
  Space space = written_space(8);
  ASSERT_TRUE(holds(space.unmap(at_page(20), pages_of(1))));
  Accessor accessor = must(space.accessor());
  EXPECT_TRUE(
      fails_at(space.pin(at_page(17, 9), pages_of(6), GetParam()), Errc::not_mapped, at_page(20)));
  EXPECT_TRUE(fails_at(accessor.pin(at_page(17, 9), pages_of(6), GetParam()), Errc::not_mapped,
                       at_page(20)));
  expect_pins(0, 0);
  for (std::uint64_t p = 16; p < 24; ++p) {
    if (p == 20) continue;
    const Pin alone = must(space.pin(at_page(p), 1, GetParam()));
    EXPECT_EQ(state(alone).pins(GetParam()), 1u) << "page " << p << " was still pinned";
  }
}

TEST_P(PinOwns, NothingWhereTheFirstByteIsNotMapped) {
  Space space = written_space(1);
  EXPECT_TRUE(
      fails_at(space.pin(at_page(15, 7), 100, GetParam()), Errc::not_mapped, at_page(15, 7)));
}

TEST_P(PinOwns, NothingWhereReadingIsForbidden) {
  Space space = written_space(3);
  ASSERT_TRUE(holds(space.protect(at_page(17), pages_of(1), Protection::none)));
  EXPECT_TRUE(
      fails_at(space.pin(at_page(16), pages_of(3), GetParam()), Errc::not_permitted, at_page(17)));
  expect_pins(0, 0);
}

TEST_P(PinOwns, NothingOfAnEmptyRangeOrOneBeyondTheEnd) {
  Space space = new_space();
  ASSERT_TRUE(holds(space.map_at(kLastPage, kPageSize)));
  Accessor accessor = must(space.accessor());
  EXPECT_TRUE(fails_with(space.pin(kLastPage, 0, GetParam()), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.pin(kLastPage, kPageSize + 1, GetParam()), Errc::bad_argument));
  EXPECT_TRUE(fails_with(accessor.pin(kLastPage, 0, GetParam()), Errc::bad_argument));
  EXPECT_TRUE(
      fails_with(accessor.pin(kLastPage, ~std::uint64_t{0}, GetParam()), Errc::bad_argument));
  const Pin last = must(accessor.pin(kLastByte, 1, GetParam()));
  EXPECT_EQ(last.size(), ByteCount{1});
}

INSTANTIATE_TEST_SUITE_P(For, PinOwns, testing::Values(kReading, kWriting), [](const auto& chosen) {
  return chosen.param == kReading ? "reading" : "writing";
});

using PinOf = OnPins;

TEST_F(PinOf, AReadOnlyPageIsForReadingOnly) {
  Space space = written_space(3);
  ASSERT_TRUE(holds(space.protect(at_page(17), pages_of(1), Protection::read)));
  Accessor accessor = must(space.accessor());
  EXPECT_TRUE(
      fails_at(space.pin(at_page(16), pages_of(3), kWriting), Errc::not_permitted, at_page(17)));
  EXPECT_TRUE(fails_at(accessor.pin(at_page(16, 1), pages_of(2), kWriting), Errc::not_permitted,
                       at_page(17)));
  expect_pins(0, 0);
  const Space child = must(space.fork());
  const Pin pin = must(accessor.pin(at_page(16), pages_of(3), kReading));
  EXPECT_EQ(seen_through(pin), patterned(3 * kPageSize, 1));
  for (const FrameId frame : frames_of(pin)) EXPECT_EQ(state(frame).references(), 1u);
}

TEST_F(PinOf, OnePageIsRefusedAboveTheLimitAndNeverWraps) {
  Space space = written_space(3);
  Accessor accessor = must(space.accessor());
  std::deque<Pin> pins;
  for (std::uint64_t n = 0; n < FrameState::kMostPins; ++n) {
    pins.push_back(must(accessor.pin(at_page(17), 1, kReading)));
  }
  EXPECT_EQ(state(pins[0]).pins(kReading), FrameState::kMostPins);
  EXPECT_EQ(state(pins[0]).pins(kWriting), 0u);
  for (int n = 0; n < 3; ++n) {
    EXPECT_TRUE(fails_at(accessor.pin(at_page(16, 5), pages_of(3) - 5, kReading),
                         Errc::too_many_pins, at_page(17)));
    EXPECT_TRUE(fails_at(space.pin(at_page(16, 5), pages_of(3) - 5, kReading), Errc::too_many_pins,
                         at_page(17)));
  }
  expect_pins(FrameState::kMostPins, 0);
  EXPECT_EQ(state(pins[0]).pins(kReading), FrameState::kMostPins);
  EXPECT_EQ(state(pins[0]).references(), 1u);
  {
    const Pin other_kind = must(accessor.pin(at_page(16), pages_of(3), kWriting));
    EXPECT_EQ(state(pins[0]).pins(kWriting), 1u);
    EXPECT_EQ(state(pins[0]).pins(kReading), FrameState::kMostPins);
  }
  pins.pop_back();
  pins.push_back(must(space.pin(at_page(16), pages_of(3), kReading)));
  EXPECT_EQ(state(pins[0]).pins(kReading), FrameState::kMostPins);
}

TEST_F(PinOf, OnePageForWritingHasALimitOfItsOwn) {
  Space space = written_space(1);
  std::deque<Pin> pins;
  for (std::uint64_t n = 0; n < FrameState::kMostPins; ++n) {
    pins.push_back(must(space.pin(at_page(16), 1, kWriting)));
  }
  EXPECT_TRUE(fails_at(space.pin(at_page(16), 1, kWriting), Errc::too_many_pins, at_page(16)));
  EXPECT_EQ(state(pins[0]).pins(kWriting), FrameState::kMostPins);
  EXPECT_EQ(state(pins[0]).pins(kReading), 0u);
  EXPECT_TRUE(holds(space.pin(at_page(16), 1, kReading)));
}

}  // namespace
}  // namespace cleave::detail
