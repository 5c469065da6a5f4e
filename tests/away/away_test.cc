// Pages that go to a backing and come back.
#include <cstring>
#include <optional>
#include <utility>

#include "tests/away/on_little_memory.h"

namespace cleave::detail {
namespace {

class AwayTest : public OnLittleMemory {};

TEST_F(AwayTest, WhatDoesNotFitGoesAndComesBackAsItWas) {
  Space space = space_of(200);
  fill(space, 200, 1000);
  EXPECT_EQ(pool.statistics().used + away(), 200u);
  EXPECT_GE(away(), 200 - kMemory);
  expect_filled(space, 200, 1000);
  expect_filled(space, 200, 1000);
  expect_adds_up(pool);
}

TEST_F(AwayTest, ForksSnapshotsAndHoldsReadWhatIsAway) {
  Space space = space_of(60);
  fill(space, 60, 1000);
  const Snapshot snapshot = must(space.snapshot());
  const Space child = must(space.fork());
  const Hold hold = must(space.hold(page_at(0), ByteCount{60 * kPageSize}));
  fill(space, 60, 2000);
  expect_filled(snapshot, 60, 1000);
  expect_filled(child, 60, 1000);
  expect_filled(hold, 60, 1000);
  expect_filled(space, 60, 2000);
}

TEST_F(AwayTest, PoolsSayWhetherTheyHaveABackingAndSpacesWhichPoolTheyAreOf) {
  EXPECT_TRUE(pool.has_backing());
  const Space space = space_of(1);
  EXPECT_TRUE(space.pool().has_backing());
  EXPECT_EQ(space.pool().statistics().spaces, 1u);
  const Pool without = must(Pool::create(ByteCount{64 * kPageSize}));
  EXPECT_FALSE(without.has_backing());
  EXPECT_FALSE(must(Space::create(without)).pool().has_backing());
}

TEST_F(AwayTest, APoolLastsAsLongAsTheLastHandleThatASpaceGave) {
  std::optional<Pool> first = must(Pool::create(ByteCount{64 * kPageSize}));
  std::optional<Space> space = must(Space::create(*first));
  const Pool second = space->pool();
  first.reset();
  space.reset();
  Space other = must(Space::create(second));
  must(other.map_at(page_at(0), ByteCount{kPageSize}));
  put(other, 0, 7);
  EXPECT_EQ(second.statistics().used, 1u);
}

// Who must not wait asks first, and brings nothing by that.
TEST_F(AwayTest, SpacesSnapshotsAndHoldsSayWhetherAllIsInMemory) {
  Space space = space_of(4);
  put(space, 0, 7);
  put(space, 1, 8);
  const Snapshot snapshot = must(space.snapshot());
  const Hold hold = must(space.hold(page_at(0), ByteCount{4 * kPageSize}));
  const auto expect_that = [](const auto& source, Address at, ByteCount bytes, bool is_in_memory) {
    EXPECT_EQ(source.is_in_memory(at, bytes), is_in_memory) << raw(at) << ", " << bytes.value;
  };
  const auto expect_of_all = [&](Address at, ByteCount bytes, bool is_in_memory) {
    expect_that(space, at, bytes, is_in_memory);
    expect_that(snapshot, at, bytes, is_in_memory);
    expect_that(hold, at, bytes, is_in_memory);
  };
  expect_of_all(page_at(0), ByteCount{4 * kPageSize}, true);
  evict();
  ASSERT_FALSE(is_here(space, 0));
  expect_of_all(page_at(0), 1, false);
  expect_of_all(page_at(0) + ByteCount{kPageSize - 1}, 1, false);
  expect_of_all(page_at(2), ByteCount{2 * kPageSize}, true);  // absent
  expect_of_all(page_at(1) + ByteCount{kPageSize - 1}, 2, false);
  expect_of_all(page_at(0), 0, true);
  expect_of_all(Address{~std::uint64_t{0}}, 1, true);  // cannot be read
  EXPECT_FALSE(is_here(space, 0)) << "to ask brings nothing";
  expect_filled(space, 1, 7);
  expect_of_all(page_at(0), kPageSize, true);
  expect_of_all(page_at(0), 2 * kPageSize, false);
}

TEST_F(AwayTest, ARollbackToWhatIsAwayBringsNothing) {
  Space space = space_of(60);
  fill(space, 60, 1000);
  const Snapshot snapshot = must(space.snapshot());
  fill(space, 60, 2000);
  const std::uint64_t came = pool.statistics().came;
  must(space.rollback(snapshot));
  EXPECT_EQ(pool.statistics().came, came);
  expect_filled(space, 60, 1000);
}

TEST_F(AwayTest, AccessorsReadAndWriteWhatIsAway) {
  Space space = space_of(100);
  Accessor accessor = must(space.accessor());
  for (std::uint64_t n = 0; n < 100; ++n) must(accessor.store<std::uint64_t>(page_at(n), n));
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t n = 0; n < 100; ++n) {
      const auto word = accessor.load<std::uint64_t>(page_at(n));
      ASSERT_TRUE(holds(word));
      ASSERT_EQ(*word, n + 100 * static_cast<std::uint64_t>(round));
      must(accessor.store<std::uint64_t>(page_at(n), *word + 100));
    }
  }
}

TEST_F(AwayTest, WhatAnAccessorRemembersIsForgottenWhenItGoes) {
  Space space = space_of(4);
  Accessor accessor = must(space.accessor());
  must(accessor.store<std::uint64_t>(page_at(0), 7));
  EXPECT_EQ(must(accessor.load<std::uint64_t>(page_at(0))), 7u);
  evict();
  ASSERT_FALSE(is_here(space, 0));
  // Another page lies there now.
  Space other = space_of(kMemory - 1);
  fill(other, kMemory - 1, 9000);
  EXPECT_EQ(must(accessor.load<std::uint64_t>(page_at(0))), 7u);
  must(accessor.store<std::uint64_t>(page_at(0), 8));
  expect_filled(other, kMemory - 1, 9000);
  EXPECT_EQ(must(accessor.load<std::uint64_t>(page_at(0))), 8u);
}

TEST_F(AwayTest, APageOfZeroesTakesNothingOfTheBacking) {
  Space space = space_of(40);
  fill(space, 40, 1);
  const std::vector<std::byte> zeroes(40 * kPageSize);
  must(space.write(page_at(0), zeroes));
  evict();
  EXPECT_EQ(beyond.held(), 0u);
  EXPECT_EQ(away(), 40u);
  std::vector<std::byte> seen(40 * kPageSize, std::byte{1});
  must(space.read(page_at(0), seen));
  EXPECT_EQ(seen, zeroes);
}

TEST_F(AwayTest, APageThatCameBackAndWasOnlyReadIsNotWrittenAgain) {
  Space space = space_of(40);
  fill(space, 40, 1000);
  evict();
  const std::uint64_t puts = beyond.puts;
  expect_filled(space, 40, 1000);
  expect_filled(space, 40, 1000);
  evict();
  EXPECT_EQ(beyond.puts, puts);
  put(space, 3, 5);
  evict();
  EXPECT_EQ(beyond.puts, puts + 1);
  std::uint64_t seen = 0;
  must(space.read(page_at(3), std::as_writable_bytes(std::span(&seen, 1))));
  EXPECT_EQ(seen, 5u);
}

TEST_F(AwayTest, WhatIsDroppedAwayIsDroppedFromTheBackingToo) {
  {
    Space space = space_of(100);
    fill(space, 100, 1);
    EXPECT_GT(beyond.held(), 0u);
    must(space.discard(page_at(0), ByteCount{50 * kPageSize}));
    evict();
    EXPECT_EQ(beyond.held(), 50u);
  }
  EXPECT_EQ(beyond.held(), 0u);
  EXPECT_EQ(pool.statistics().used, 0u);
}

TEST_F(AwayTest, APoolHoldsAsManyPagesAsItsMemoryAndItsBacking) {
  beyond.most_pages = 20;
  Pool small =
      must(Pool::create(ByteCount{kMemory * kPageSize}, std::make_unique<MemoryBacking>(beyond)));
  Space space = must(Space::create(small));
  must(space.map_at(page_at(0), ByteCount{100 * kPageSize}));
  std::uint64_t n = 0;
  Result<void> done;
  for (; n < 100; ++n) {
    const std::uint64_t value = n + 1;
    done = space.write(page_at(n), std::as_bytes(std::span(&value, 1)));
    if (!done) break;
  }
  EXPECT_EQ(n, kMemory + 20 - 1) << "one is kept, for pages to change places";
  EXPECT_TRUE(fails_with(done, Errc::no_memory));
  for (int again = 0; again < 3; ++again) expect_filled(space, n, 1);
  fill(space, n, 1000);
  expect_filled(space, n, 1000);
  EXPECT_FALSE(beyond.ended);
}

// Wiring --------------------------------------------------------------------------------------

TEST_F(AwayTest, WhatIsPinnedNeverGoes) {
  Space space = space_of(100);
  fill(space, 100, 1000);
  const Pin pin = must(space.pin(page_at(7), ByteCount{3 * kPageSize}, PinAccess::write));
  const FrameId frame = frame_of_page(space, 7);
  for (int i = 0; i < 5; ++i) evict();
  for (std::uint64_t n = 7; n < 10; ++n) EXPECT_TRUE(is_here(space, n));
  EXPECT_EQ(frame_of_page(space, 7), frame);
  EXPECT_EQ(pool.statistics().used, 3u);
  // What the device writes is what the space reads.
  const std::uint64_t value = 77;
  std::memcpy(pin.pieces()[0].iov_base, &value, sizeof value);
  evict();
  std::uint64_t seen = 0;
  must(space.read(page_at(7), std::as_writable_bytes(std::span(&seen, 1))));
  EXPECT_EQ(seen, 77u);
}

TEST_F(AwayTest, APinThatCannotBeHadBringsAnErrorAndPinsNothing) {
  Space space = space_of(100);
  fill(space, 100, 1000);
  const auto pin = space.pin(page_at(0), ByteCount{(kMemory + 1) * kPageSize}, PinAccess::read);
  EXPECT_TRUE(fails_at(pin, Errc::no_memory, page_at(kMemory)));
  EXPECT_NE(pin.error().message().find("pinned or being looked at"), std::string::npos);
  EXPECT_EQ(pool.statistics().short_pins, 0u);
  evict();
  EXPECT_EQ(pool.statistics().used, 0u) << "nothing wires any more";
  expect_filled(space, 100, 1000);
}

TEST_F(AwayTest, TwoPinsOfMostOfTheMemoryFailRatherThanWait) {
  Space space = space_of(100);
  fill(space, 100, 1000);
  const Pin pin = must(space.pin(page_at(0), ByteCount{10 * kPageSize}, PinAccess::read));
  EXPECT_TRUE(fails_with(space.pin(page_at(50), ByteCount{10 * kPageSize}, PinAccess::read),
                         Errc::no_memory));
}

TEST_F(AwayTest, WhatIsViewedStaysAndGoesWhenTheViewEnds) {
  Space space = space_of(100);
  fill(space, 100, 1000);
  const Snapshot snapshot = must(space.snapshot());
  {
    const PageView view = must(snapshot.view(page_of(page_at(5))));
    evict();
    EXPECT_TRUE(is_here(space, 5));
    EXPECT_EQ(pool.statistics().used, 1u);
    std::uint64_t seen = 0;
    std::memcpy(&seen, view.bytes().data(), sizeof seen);
    EXPECT_EQ(seen, 1005u);
  }
  evict();
  EXPECT_FALSE(is_here(space, 5));
}

TEST_F(AwayTest, AHoldIsOfWhatIsAwayTooAndItsViewsWire) {
  Space space = space_of(100);
  fill(space, 100, 1000);
  const Hold hold = must(space.hold(page_at(0), ByteCount{100 * kPageSize}));
  const std::uint64_t came = pool.statistics().came;
  EXPECT_TRUE(fails_at(hold.view(), Errc::no_memory, page_at(kMemory)));
  evict();
  EXPECT_EQ(pool.statistics().used, 0u) << "the view that could not be had lets go";
  EXPECT_GT(pool.statistics().came, came);
  HoldView view = must(hold.view(page_at(20), ByteCount{4 * kPageSize}));
  evict();
  EXPECT_EQ(pool.statistics().used, 4u);
  HoldView moved = std::move(view);
  view = must(hold.view(page_at(40), ByteCount{2 * kPageSize}));
  moved = std::move(view);
  evict();
  EXPECT_EQ(pool.statistics().used, 2u);
}

TEST_F(AwayTest, AViewOutlivesWhatElseKeptThePage) {
  std::optional<Space> space = space_of(4);
  fill(*space, 4, 1000);
  std::optional<Snapshot> snapshot = must(space->snapshot());
  must(space->discard(page_at(0), ByteCount{4 * kPageSize}));
  {
    const PageView view = must(snapshot->view(page_of(page_at(1))));
    evict();
    std::uint64_t seen = 0;
    std::memcpy(&seen, view.bytes().data(), sizeof seen);
    EXPECT_EQ(seen, 1001u);
  }
  snapshot.reset();
  EXPECT_EQ(pool.statistics().used + away(), 0u);
}

// Errors ----------------------------------------------------------------------------------------

TEST_F(AwayTest, APageThatCannotBeReadIsAnErrorOfThatAccessUntilItCan) {
  Space space = space_of(40);
  fill(space, 40, 1000);
  evict();
  beyond.refuses_get = [] { return true; };
  std::uint64_t seen = 5;
  const auto bytes = std::as_writable_bytes(std::span(&seen, 1));
  Accessor accessor = must(space.accessor());
  const Snapshot snapshot = must(space.snapshot());
  const Hold hold = must(space.hold(page_at(0), ByteCount{8 * kPageSize}));
  for (int again = 0; again < 3; ++again) {
    EXPECT_TRUE(fails_at(space.read(page_at(1), bytes), Errc::io, page_at(1)));
    EXPECT_TRUE(fails_at(accessor.load<std::uint64_t>(page_at(2)), Errc::io, page_at(2)));
    EXPECT_TRUE(fails_at(accessor.store<std::uint64_t>(page_at(3), 1), Errc::io, page_at(3)));
    EXPECT_TRUE(fails_at(accessor.read(page_at(3), bytes), Errc::io, page_at(3)));
    EXPECT_TRUE(fails_at(accessor.write(page_at(4), bytes), Errc::io, page_at(4)));
    EXPECT_TRUE(fails_at(snapshot.read(page_at(4), bytes), Errc::io, page_at(4)));
    EXPECT_TRUE(fails_at(hold.read(page_at(5), bytes), Errc::io, page_at(5)));
    EXPECT_TRUE(fails_at(hold.view(page_at(6), kPageSize), Errc::io, page_at(6)));
    EXPECT_TRUE(fails_with(snapshot.view(page_of(page_at(6))), Errc::io));
    EXPECT_TRUE(fails_at(space.pin(page_at(7), kPageSize, PinAccess::read), Errc::io, page_at(7)));
    EXPECT_TRUE(
        fails_at(accessor.pin(page_at(8), kPageSize, PinAccess::write), Errc::io, page_at(8)));
  }
  EXPECT_EQ(seen, 5u) << "and no zeroes";
  const Space child = must(space.fork());
  beyond.refuses_get = nullptr;
  expect_filled(space, 40, 1000);
  expect_filled(child, 40, 1000);
}

TEST_F(AwayTest, WhatTheBackingDoesNotTakeStays) {
  Space space = space_of(40);
  fill(space, kMemory, 1000);
  beyond.refuses_put = [] { return true; };
  evict();
  EXPECT_EQ(away(), 0u);
  expect_filled(space, kMemory, 1000);
  std::uint64_t value = 1;
  const auto full = space.write(page_at(30), std::as_bytes(std::span(&value, 1)));
  EXPECT_TRUE(fails_at(full, Errc::io, page_at(30)));
  expect_filled(space, kMemory, 1000);
  beyond.refuses_put = nullptr;
  must(space.write(page_at(30), std::as_bytes(std::span(&value, 1))));
  expect_filled(space, kMemory, 1000);
}

TEST_F(AwayTest, InTheMiddleOfABatchWhatWasTakenGoesAndTheRestStays) {
  Space space = space_of(kMemory);
  fill(space, kMemory, 1000);
  for (std::uint64_t good = 0; good < kMemory; ++good) {
    beyond.refuses_put = [n = good]() mutable { return n == 0 || n-- == 0; };
    evict();
    EXPECT_EQ(away(), good);
    beyond.refuses_put = nullptr;
    fill(space, kMemory, 1000);
    ASSERT_EQ(away(), 0u);
  }
}

TEST_F(AwayTest, APoolWithoutABackingEvictsNothing) {
  Pool plain = must(Pool::create(ByteCount{kMemory * kPageSize}));
  EXPECT_EQ(plain.evict(ByteCount{kPageSize}), ByteCount{0});
  const PoolStatistics s = plain.statistics();
  EXPECT_EQ(s.away + s.went + s.came, 0u);
}

TEST_F(AwayTest, TheBackingEndsWithThePool) {
  Beyond other;
  { const Pool own = must(Pool::create(1 << 20, std::make_unique<MemoryBacking>(other))); }
  EXPECT_TRUE(other.ended);
}

}  // namespace
}  // namespace cleave::detail
