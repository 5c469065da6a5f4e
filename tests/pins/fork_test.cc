// What is pinned is never shared: rule b.
#include <atomic>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "table/geometry.h"
#include "tests/pins/on_pins.h"

namespace cleave::detail {
namespace {

using ForkOfPinned = OnPins;

TEST_F(ForkOfPinned, CopiesExactlyThosePagesAndSharesTheirNeighbours) {
  Space space = written_space(200);
  const Pin a = must(space.pin(at_page(20), pages_of(3), kWriting));
  const Pin b = must(space.pin(at_page(22, 9), pages_of(2), kReading));  // 22 to 24
  const Pin c = must(space.pin(at_page(180), 1, kReading, PinTerm::long_term));
  const auto copied = copies();
  const Space child = must(space.fork());
  EXPECT_EQ(copies() - copied, 6u);
  EXPECT_EQ(used(), 206u);
  EXPECT_EQ(bytes_in(child, at_page(16), 200 * kPageSize), patterned(200 * kPageSize, 1));
  for (const Pin* pin : {&a, &b, &c}) {
    for (const FrameId frame : frames_of(*pin)) EXPECT_EQ(state(frame).references(), 1u);
  }
}

TEST_F(ForkOfPinned, LeavesTheParentsFramesWhereTheyAre) {
  Space space = written_space(4);
  Pin pin = must(space.pin(at_page(16), pages_of(4), kWriting));
  const auto frames = frames_of(pin);
  const Space child = must(space.fork());
  ASSERT_TRUE(holds(space.write(at_page(16), filled(4 * kPageSize, 2))));
  EXPECT_EQ(seen_through(pin), filled(4 * kPageSize, 2)) << "owner and device see different pages";
  EXPECT_EQ(frames_of(must(space.pin(at_page(16), pages_of(4), kReading))), frames);
  write_through(pin, filled(4 * kPageSize, 3));
  EXPECT_EQ(bytes_in(space, at_page(16), 4 * kPageSize), filled(4 * kPageSize, 3));
  EXPECT_EQ(bytes_in(child, at_page(16), 4 * kPageSize), patterned(4 * kPageSize, 1));
  pin.release();
  EXPECT_EQ(bytes_in(space, at_page(16), 4 * kPageSize), filled(4 * kPageSize, 3));
}

TEST_F(ForkOfPinned, ShowsTheChildTheMomentOfTheFork) {
  Space space = written_space(1);
  const Pin pin = must(space.pin(at_page(16), pages_of(1), kWriting));
  std::vector<Space> children;
  for (unsigned n = 0; n < 20; ++n) {
    write_through(pin, filled(kPageSize, n));
    children.push_back(must(space.fork()));
  }
  write_through(pin, filled(kPageSize, 99));
  for (unsigned n = 0; n < 20; ++n) {
    EXPECT_EQ(bytes_in(children[n], at_page(16), kPageSize), filled(kPageSize, n));
  }
}

TEST_F(ForkOfPinned, GivesTheChildAPageOfItsOwnToWriteTo) {
  Space space = written_space(2);
  const Pin pin = must(space.pin(at_page(16), pages_of(2), kWriting));
  Space child = must(space.fork());
  const auto copied = copies();
  ASSERT_TRUE(holds(child.write(at_page(16), filled(2 * kPageSize, 7))));
  EXPECT_EQ(copies(), copied) << "the copies were the child's own";
  EXPECT_EQ(seen_through(pin), patterned(2 * kPageSize, 1));
}

TEST_F(ForkOfPinned, DoesNotPassThePinToTheChild) {
  Space space = written_space(2);
  const Snapshot before = must(space.snapshot());
  const Pin pin = must(space.pin(at_page(16), pages_of(1), kWriting));
  Space child = must(space.fork());
  EXPECT_TRUE(holds(child.rollback(before))) << "nothing of the child is pinned";
  EXPECT_TRUE(fails_at(space.rollback(before), Errc::pinned, at_page(16)));
}

TEST_F(ForkOfPinned, OfForksCopiesWhatEachHasPinnedItself) {
  Space space = written_space(10);
  const Pin mine = must(space.pin(at_page(16), pages_of(2), kWriting));
  Space child = must(space.fork());
  const Pin its = must(child.pin(at_page(17), pages_of(3), kWriting));
  auto copied = copies();
  Space grandchild = must(child.fork());
  EXPECT_EQ(copies() - copied, 3u);
  copied = copies();
  const Space sibling = must(space.fork());
  EXPECT_EQ(copies() - copied, 2u);
  write_through(mine, filled(2 * kPageSize, 1));
  write_through(its, filled(3 * kPageSize, 2));
  put<int>(grandchild, at_page(18), 3);
  EXPECT_EQ(bytes_in(sibling, at_page(16), 10 * kPageSize), patterned(10 * kPageSize, 1));
  EXPECT_EQ(bytes_in(space, at_page(16), 2 * kPageSize), filled(2 * kPageSize, 1));
  EXPECT_EQ(bytes_in(child, at_page(17), 3 * kPageSize), filled(3 * kPageSize, 2));
  EXPECT_EQ(get<int>(grandchild, at_page(18)), 3);
}

TEST_F(ForkOfPinned, IsOneReferenceAgainAfterTheLastUnpin) {
  Space space = written_space(300);
  Pin a = must(space.pin(at_page(16), pages_of(70), kWriting));
  Pin b = must(space.pin(at_page(250), pages_of(2), kReading));
  (void)must(space.fork());
  a.release();
  (void)must(space.fork());
  b.release();
  const auto copied = copies();
  const auto before = nodes();
  const Space first = must(space.fork());
  const Space second = must(space.fork());
  EXPECT_EQ(nodes(), before) << "hints were left";
  EXPECT_EQ(copies(), copied);
  EXPECT_EQ(bytes_in(second, at_page(16), 300 * kPageSize), patterned(300 * kPageSize, 1));
}

TEST_F(ForkOfPinned, MakesNodesOnlyOnTheWayToPins) {
  Space space = new_space(50'000);
  for (std::uint64_t p = 16; p < 50'000; p += 100) put<int>(space, at_page(p), 1);
  const auto all = nodes();
  const Pin pin = must(space.pin(at_page(40'016), 1, kWriting));
  const Space child = must(space.fork());
  EXPECT_LE(nodes() - all, kMostLevels);
  EXPECT_EQ(get<int>(child, at_page(40'016)), 1);
}

TEST_F(ForkOfPinned, FindsPinsThatWereTakenBeforeTheTreeGrew) {
  Space space = new_space();
  for (const std::uint64_t page : {1u, 100u, 5000u, 1u << 20, 1u << 28}) {
    ASSERT_TRUE(holds(space.map_at(at_page(page), pages_of(1))));
  }
  std::vector<Pin> pins;
  for (const std::uint64_t page : {1u, 100u, 5000u, 1u << 20, 1u << 28}) {
    put<std::uint64_t>(space, at_page(page), page);
    const Pin other = must(space.pin(at_page(1), 1, kReading));
    pins.push_back(must(space.pin(at_page(page), kPageSize, kWriting)));
    const auto copied = copies();
    const Space child = must(space.fork());
    EXPECT_EQ(copies() - copied, pins.size());
    write_through(pins.back(), filled(kPageSize, 9));
    EXPECT_EQ(get<std::uint64_t>(child, at_page(page)), page);
  }
}

TEST_F(ForkOfPinned, ByASnapshotIsTheSame) {
  Space space = written_space(100);
  const Pin pin = must(space.pin(at_page(20), pages_of(3), kWriting));
  const auto copied = copies();
  std::optional<Snapshot> now = must(space.snapshot());
  EXPECT_EQ(copies() - copied, 3u);
  write_through(pin, filled(3 * kPageSize, 5));
  EXPECT_EQ(bytes_in(*now, at_page(16), 100 * kPageSize), patterned(100 * kPageSize, 1));
  Space again = must(now->fork());
  EXPECT_EQ(copies() - copied, 3u) << "a snapshot has no pins";
  now.reset();
  put<int>(again, at_page(20), 1);
  EXPECT_EQ(bytes_in(space, at_page(20), 3 * kPageSize), filled(3 * kPageSize, 5));
}

TEST_F(ForkOfPinned, DiffersFromTheSpaceInThePinnedPagesAtMost) {
  Space space = written_space(100);
  const Snapshot before = must(space.snapshot());
  const Pin pin = must(space.pin(at_page(20), pages_of(3), kWriting));
  const Snapshot after = must(space.snapshot());
  const auto ranges = differences(before, after);
  ASSERT_EQ(ranges.size(), 1u);
  EXPECT_EQ(ranges[0], (PageRange{PageNo{20}, PageNo{23}}));
}

// A pin taken and given back leaves the neighbours shared, and what is shared costs its copy as
// ever.
TEST_F(ForkOfPinned, LeavesTheNeighboursToBeCopiedWhenWritten) {
  Space space = written_space(4);
  Space child = [&] {
    const Pin pin = must(space.pin(at_page(17), pages_of(1), kWriting));
    return must(space.fork());
  }();
  const auto copied = copies();
  put<int>(space, at_page(16), 1);
  EXPECT_EQ(copies() - copied, 1u);
  put<int>(space, at_page(17), 1);
  EXPECT_EQ(copies() - copied, 1u) << "it is the parent's own";
  put<int>(child, at_page(18), 1);
  EXPECT_EQ(copies() - copied, 2u);
  put<int>(space, at_page(18), 1);
  EXPECT_EQ(copies() - copied, 2u) << "no other space has it any more";
}

using PinDeath = OnPins;

TEST_F(PinDeath, StopsTheProgramWhereItsFrameWasShared) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a child of fork(2) has no memory of ours
  Space space = written_space(1);
  Pin pin = must(space.pin(at_page(16), 1, kReading));
  auto& word = reinterpret_cast<std::atomic<std::uint64_t>&>(state(pin));
  EXPECT_DEATH(
      {
        word += 1;
        pin.release();
      },
      "a pinned frame was shared: its owner and the device may have seen different pages");
}

TEST_F(PinDeath, StopsTheProgramThatWouldShareItsFrame) {
  Space space = written_space(1);
  const Pin pin = must(space.pin(at_page(16), 1, kWriting));
  EXPECT_DEATH((void)state(pin).share(), "a pinned frame was about to be shared");
}

TEST_F(PinDeath, StopsTheProgramThatUnpinsWhatWasNeverPinned) {
  Space space = written_space(1);
  const Pin pin = must(space.pin(at_page(16), 1, kWriting));
  EXPECT_DEATH((void)state(pin).unpin(kReading), "a pin was released that was never counted");
}

}  // namespace
}  // namespace cleave::detail
