#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include <cleave/must.h>
#include <cleave/pin.h>

#include "tests/pins/on_pins.h"

namespace cleave::detail {
namespace {

using PinTest = OnPins;

TEST_F(PinTest, ForWritingLetsTheOwnerSeeWhatTheDeviceWrites) {
  Space space = written_space(3);
  const Pin pin = must(space.pin(at_page(16), pages_of(3), kWriting));
  write_through(pin, patterned(3 * kPageSize, 7));
  EXPECT_EQ(bytes_in(space, at_page(16), 3 * kPageSize), patterned(3 * kPageSize, 7));
}

TEST_F(PinTest, ForReadingLetsTheDeviceSeeWhatTheOwnerWrites) {
  Space space = written_space(3);
  const Pin pin = must(space.pin(at_page(16), pages_of(3), kReading));
  EXPECT_EQ(seen_through(pin), patterned(3 * kPageSize, 1));
  ASSERT_TRUE(holds(space.write(at_page(16), patterned(3 * kPageSize, 8))));
  EXPECT_EQ(seen_through(pin), patterned(3 * kPageSize, 8));
}

TEST_F(PinTest, SeesWhatItsOwnerStoresThroughAnAccessor) {
  Space space = written_space(1);
  Accessor accessor = must(space.accessor());
  const Pin pin = must(accessor.pin(at_page(16, 8), 8, kReading));
  must(accessor.store<std::uint64_t>(at_page(16, 8), 0x1122334455667788));
  std::uint64_t seen = 0;
  std::memcpy(&seen, seen_through(pin).data(), 8);
  EXPECT_EQ(seen, 0x1122334455667788u);
}

TEST_F(PinTest, CountsOnEachFrameApartByAccessAndApartByTerm) {
  Space space = written_space(2);
  const Pin a = must(space.pin(at_page(16), pages_of(2), kReading));
  const Pin b = must(space.pin(at_page(16), pages_of(1), kWriting, PinTerm::long_term));
  const Pin c = must(space.pin(at_page(16, 1), 1, kReading));
  expect_pins(3, 1);
  const auto frames = frames_of(a);
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(state(frames[0]).pins(kReading), 2u);
  EXPECT_EQ(state(frames[0]).pins(kWriting), 1u);
  EXPECT_EQ(state(frames[1]).pins(kReading), 1u);
  EXPECT_EQ(state(frames[1]).pins(kWriting), 0u);
  EXPECT_EQ(state(frames[0]).references(), 1u) << "a pin is not a reference";
}

TEST_F(PinTest, IsReleasedOnceHoweverOftenOneTries) {
  Space space = written_space(2);
  Pin pin = must(space.pin(at_page(16), pages_of(2), kWriting));
  const Pin other = must(space.pin(at_page(16), pages_of(2), kWriting));
  pin.release();
  EXPECT_TRUE(pin.pieces().empty());
  EXPECT_EQ(pin.size(), ByteCount{0});
  pin.release();
  expect_pins(2, 0);
  EXPECT_EQ(state(other).pins(kWriting), 1u);
}

TEST_F(PinTest, MovesWithItsPages) {
  Space space = written_space(2);
  Pin pin = must(space.pin(at_page(16), pages_of(2), kWriting));
  const Pin moved = std::move(pin);
  EXPECT_TRUE(pin.pieces().empty());  // NOLINT(bugprone-use-after-move)
  pin.release();
  EXPECT_EQ(moved.size(), ByteCount{2 * kPageSize});
  expect_pins(2, 0);
}

TEST_F(PinTest, AssignedToLetsGoOfWhatItHad) {
  Space space = written_space(5);
  Pin pin = must(space.pin(at_page(16), pages_of(2), kReading));
  const FrameId before = frames_of(pin)[0];
  pin = must(space.pin(at_page(18), pages_of(3), kWriting, PinTerm::long_term));
  EXPECT_FALSE(state(before).is_pinned());
  expect_pins(0, 3);
  EXPECT_EQ(pin.size(), ByteCount{3 * kPageSize});
  EXPECT_EQ(state(pin).pins(kWriting), 1u);
  EXPECT_EQ(state(pin).pins(kReading), 0u);
}

TEST_F(PinTest, MayBeReleasedByAnotherThread) {
  Space space = written_space(2);
  Pin pin = must(space.pin(at_page(16), pages_of(2), kWriting));
  std::thread([moved = std::move(pin)]() mutable { moved.release(); }).join();
  expect_pins(0, 0);
}

TEST_F(PinTest, OfAnAccessorTakesNoLockWhereThePageIsOwned) {
  Space space = written_space(4);
  Accessor accessor = must(space.accessor());
  must(accessor.store<int>(at_page(16), 1));
  const auto copied = copies();
  const Pin fast = must(accessor.pin(at_page(16), pages_of(4), kReading));
  EXPECT_EQ(copies(), copied);
  EXPECT_EQ(seen_through(fast), bytes_in(space, at_page(16), 4 * kPageSize));
}

TEST_F(PinTest, OfAThousandPagesHasThemAllInOrder) {
  Space space = written_space(1000);
  Accessor accessor = must(space.accessor());
  const Pin slow = must(space.pin(at_page(16, 100), 999 * kPageSize, kReading));
  const Pin fast = must(accessor.pin(at_page(16, 100), 999 * kPageSize, kReading));
  const Bytes expected = bytes_in(space, at_page(16, 100), 999 * kPageSize);
  EXPECT_EQ(seen_through(slow), expected);
  EXPECT_EQ(seen_through(fast), expected);
  expect_pins(2000, 0);
}

}  // namespace
}  // namespace cleave::detail
