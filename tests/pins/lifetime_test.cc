// Pages go, spaces go, pins stay: a pin keeps its frame and its bytes, the address gets another
// page, and the frame comes back to the pool with the last of all who held it.
#include <algorithm>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "tests/pins/on_pins.h"

namespace cleave::detail {
namespace {

using PinLives = OnPins;

TEST_F(PinLives, LongerThanItsSpace) {
  std::optional<Space> space = written_space(3);
  const Pin pin = must(space->pin(at_page(16), pages_of(2), kWriting));
  space.reset();
  EXPECT_EQ(used(), 2u);
  EXPECT_EQ(seen_through(pin), [] {
    Bytes all = patterned(3 * kPageSize, 1);
    all.resize(2 * kPageSize);
    return all;
  }());
  write_through(pin, filled(2 * kPageSize, 9));
  Space other = new_space(10);
  ASSERT_TRUE(holds(other.write(at_page(16), filled(10 * kPageSize, 4))));
  EXPECT_EQ(seen_through(pin), filled(2 * kPageSize, 9)) << "its frames were given to another";
}

struct Way {
  const char* name;
  Result<void> (*take_away)(Space&, Address, ByteCount);
};

class PinOutlives : public OnPins, public testing::WithParamInterface<Way> {};

TEST_P(PinOutlives, ThePageAndKeepsItsBytes) {
  Space space = written_space(3);
  const Pin pin = must(space.pin(at_page(17), pages_of(1), kWriting));
  const Bytes before = bytes_in(space, at_page(17), kPageSize);
  ASSERT_TRUE(holds(GetParam().take_away(space, at_page(16), pages_of(3))));
  EXPECT_EQ(used(), 1u);
  EXPECT_EQ(state(pin).references(), 0u);
  EXPECT_EQ(seen_through(pin), before);
  EXPECT_EQ(bytes_in(space, at_page(16), 3 * kPageSize), filled(3 * kPageSize, 0));
  ASSERT_TRUE(holds(space.write(at_page(16), filled(3 * kPageSize, 5))));
  EXPECT_EQ(seen_through(pin), before) << "the address has another page now";
  write_through(pin, filled(kPageSize, 6));
  EXPECT_EQ(bytes_in(space, at_page(16), 3 * kPageSize), filled(3 * kPageSize, 5));
  const Space child = must(space.fork());
  EXPECT_EQ(bytes_in(child, at_page(16), 3 * kPageSize), filled(3 * kPageSize, 5));
}

// Two pins at once, before and after; released in each order.
TEST_P(PinOutlives, ThePageWhicheverOfThreeGoesFirst) {
  std::vector<int> order{0, 1, 2};
  do {
    Space space = written_space(1);
    Pin pins[3] = {must(space.pin(at_page(16), 10, kReading)),
                   must(space.pin(at_page(16), pages_of(1), kReading, PinTerm::long_term)),
                   must(space.pin(at_page(16, 4000), 96, kWriting))};
    ASSERT_TRUE(holds(GetParam().take_away(space, at_page(16), pages_of(1))));
    for (const int i : order) {
      EXPECT_EQ(used(), 1u) << "the frame came back before its last unpin";
      pins[i].release();
    }
    EXPECT_EQ(used(), 0u);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_P(PinOutlives, ThePageUnlessItIsReleasedBefore) {
  Space space = written_space(2);
  (void)must(space.pin(at_page(16), pages_of(2), kWriting));
  ASSERT_TRUE(holds(GetParam().take_away(space, at_page(16), pages_of(1))));
  EXPECT_EQ(used(), 1u);
}

TEST_P(PinOutlives, ThePageWhileAnotherIsPinnedAtItsAddress) {
  Space space = written_space(1);
  Pin old = must(space.pin(at_page(16), pages_of(1), kWriting));
  ASSERT_TRUE(holds(GetParam().take_away(space, at_page(16), pages_of(1))));
  Pin young = must(space.pin(at_page(16), pages_of(1), kWriting));
  EXPECT_NE(frames_of(old)[0], frames_of(young)[0]);
  expect_pins(2, 0);
  write_through(old, filled(kPageSize, 1));
  write_through(young, filled(kPageSize, 2));
  EXPECT_EQ(bytes_in(space, at_page(16), kPageSize), filled(kPageSize, 2));
  old.release();
  EXPECT_EQ(state(young).pins(kWriting), 1u);
  EXPECT_EQ(used(), 1u);
}

INSTANTIATE_TEST_SUITE_P(
    After, PinOutlives,
    testing::Values(Way{"discard",
                        [](Space& s, Address at, ByteCount size) { return s.discard(at, size); }},
                    Way{"unmap",
                        [](Space& s, Address at, ByteCount size) -> Result<void> {
                          must(s.unmap(at, size));
                          return s.map_at(at, size);
                        }}),
    [](const auto& chosen) { return chosen.param.name; });

TEST_F(PinLives, WithoutKeepingTheNodesAboveIt) {
  std::optional<Space> space = written_space(3);
  const Pin pin = must(space->pin(at_page(16), pages_of(2), kWriting));
  space.reset();
  EXPECT_EQ(nodes(), 0u);
  EXPECT_EQ(pool.statistics().spaces, 0u);
}

TEST_F(PinLives, ThroughATrim) {
  Space space = written_space(3);
  const Pin pin = must(space.pin(at_page(17), pages_of(1), kReading));
  const Bytes before = seen_through(pin);
  ASSERT_TRUE(holds(space.discard(at_page(16), pages_of(3))));
  ASSERT_TRUE(holds(pool.trim()));
  EXPECT_EQ(seen_through(pin), before) << "its memory was given to the kernel";
}

TEST_F(PinLives, AndProtectionNeverMovesItsFrame) {
  Space space = written_space(3);
  Accessor accessor = must(space.accessor());
  const Pin pin = must(accessor.pin(at_page(16), pages_of(3), kWriting));
  const auto frames = frames_of(pin);
  const auto copied = copies();
  for (int n = 0; n < 3; ++n) {
    for (const auto protection : {Protection::read, Protection::none, Protection::read_write}) {
      ASSERT_TRUE(holds(space.protect(at_page(17), pages_of(1), protection)));
      write_through(pin, filled(3 * kPageSize, static_cast<unsigned>(n)));
    }
    must(accessor.store<int>(at_page(17), 77 + n));
    int seen = 0;
    std::memcpy(&seen, seen_through(pin).data() + kPageSize, sizeof seen);
    EXPECT_EQ(seen, 77 + n);
  }
  EXPECT_EQ(frames_of(must(space.pin(at_page(16), pages_of(3), kReading))), frames);
  EXPECT_EQ(copies(), copied);
}

TEST_F(PinLives, ThroughARollbackThatIsRefused) {
  Space space = written_space(5);
  const Snapshot before = must(space.snapshot());
  ASSERT_TRUE(holds(space.write(at_page(16), filled(5 * kPageSize, 2))));
  Pin second = must(space.pin(at_page(19, 50), 1, kReading));
  Pin first = must(space.pin(at_page(18, 50), 1, kWriting));
  EXPECT_TRUE(fails_at(space.rollback(before), Errc::pinned, at_page(18)));
  EXPECT_EQ(bytes_in(space, at_page(16), 5 * kPageSize), filled(5 * kPageSize, 2));
  first.release();
  EXPECT_TRUE(fails_at(space.rollback(before), Errc::pinned, at_page(19)));
  put<int>(space, at_page(19, 50), 3);
  EXPECT_EQ(seen_through(second)[0], std::byte{3});
  second.release();
  EXPECT_TRUE(holds(space.rollback(before)));
  EXPECT_EQ(bytes_in(space, at_page(16), 5 * kPageSize), patterned(5 * kPageSize, 1));
}

// It is not at any address of the space any more.
TEST_F(PinLives, AndDoesNotHinderARollbackOnceItsPageIsUnmapped) {
  Space space = written_space(5);
  const Snapshot before = must(space.snapshot());
  const Pin pin = must(space.pin(at_page(18), 1, kReading));
  EXPECT_TRUE(fails_at(space.rollback(before), Errc::pinned, at_page(18)));
  ASSERT_TRUE(holds(space.unmap(at_page(18), pages_of(1))));
  EXPECT_TRUE(holds(space.rollback(before)));
  EXPECT_EQ(bytes_in(space, at_page(16), 5 * kPageSize), patterned(5 * kPageSize, 1));
}

}  // namespace
}  // namespace cleave::detail
