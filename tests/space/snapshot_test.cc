#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cleave/must.h>
#include <cleave/snapshot.h>

#include "tests/space/on_a_space.h"

namespace cleave::detail {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SnapshotOfASpace : public OnASpace {};
class Rollback : public OnASpace {};
class Diff : public OnASpace {};

TEST_F(SnapshotOfASpace, ShowsForEverWhatWasThere) {
  Space space = new_space(4);
  put<int>(space, at_page(16), 1);
  const Snapshot before = must(space.snapshot());
  put<int>(space, at_page(16), 2);
  put<int>(space, at_page(17), 3);
  ASSERT_TRUE(holds(space.unmap(at_page(18), pages_of(2))));
  ASSERT_TRUE(holds(space.discard(at_page(16), kPageSize)));
  EXPECT_EQ(must(before.load<int>(at_page(16))), 1);
  EXPECT_EQ(must(before.load<int>(at_page(17))), 0);
  EXPECT_THAT(regions_of(before), ElementsAre(region(16, 20)));
}

TEST_F(SnapshotOfASpace, OutlivesTheSpace) {
  std::optional<Space> space{new_space(4)};
  put<int>(*space, at_page(16), 1);
  const Snapshot kept = must(space->snapshot());
  space.reset();
  EXPECT_EQ(must(kept.load<int>(at_page(16))), 1);
  EXPECT_EQ(used(), 1u);
  EXPECT_EQ(pool.statistics().spaces, 0u);
}

TEST_F(SnapshotOfASpace, IsCopiedAndMovedLikeAValue) {
  Space space = new_space(1);
  put<int>(space, at_page(16), 1);
  std::optional<Snapshot> one{must(space.snapshot())};
  put<int>(space, at_page(16), 2);
  Snapshot two = must(space.snapshot());
  Snapshot copy = *one;
  EXPECT_EQ(must(copy.load<int>(at_page(16))), 1);
  copy = two;
  EXPECT_EQ(must(copy.load<int>(at_page(16))), 2);
  EXPECT_EQ(must(two.load<int>(at_page(16))), 2);
  two = std::move(*one);
  one.reset();
  EXPECT_EQ(must(two.load<int>(at_page(16))), 1);
  const Snapshot& itself = two;
  two = itself;
  EXPECT_EQ(must(two.load<int>(at_page(16))), 1);
}

TEST_F(SnapshotOfASpace, CanBeAssignedOneOfAnotherPool) {
  Pool other = must(Pool::create(pages_of(64)));
  {
    Space here = new_space(1);
    Space there = must(Space::create(other));
    must(there.map_at(at_page(20), kPageSize));
    put<int>(there, at_page(20), 4);
    Snapshot kept = must(here.snapshot());
    kept = must(there.snapshot());
    EXPECT_EQ(must(kept.load<int>(at_page(20))), 4);
    EXPECT_THAT(regions_of(kept), ElementsAre(region(20, 21)));
  }
  EXPECT_EQ(other.statistics().regions, 0u);
  EXPECT_EQ(pool.statistics().regions, 0u);
  EXPECT_EQ(other.statistics().used, 0u);
}

TEST_F(SnapshotOfASpace, LoadsOnAnyAlignmentAndAcrossPages) {
  Space space = new_space(2);
  put<std::uint64_t>(space, at_page(16, 4093), 0x0123'4567'89ab'cdefu);
  const Snapshot now = must(space.snapshot());
  EXPECT_EQ(must(now.load<std::uint64_t>(at_page(16, 4093))), 0x0123'4567'89ab'cdefu);
  EXPECT_EQ(must(now.load<double>(at_page(16))), 0.0);
}

TEST_F(SnapshotOfASpace, RefusesWhatTheSpaceRefused) {
  Space space = new_space(2);
  ASSERT_TRUE(holds(space.protect(at_page(17), kPageSize, Protection::none)));
  const Snapshot now = must(space.snapshot());
  Bytes bytes(kPageSize);
  EXPECT_TRUE(fails_at(now.read(at_page(16, 8), bytes), Errc::not_permitted, at_page(17)));
  EXPECT_TRUE(fails_at(now.read(at_page(15), bytes), Errc::not_mapped, at_page(15)));
  EXPECT_TRUE(fails_with(now.read(kLastByte, bytes), Errc::bad_argument));
  EXPECT_TRUE(fails_with(now.load<int>(kEnd), Errc::bad_argument));
}

TEST_F(SnapshotOfASpace, ForksIntoASpaceThatWritesOnItsOwn) {
  Space space = new_space(2);
  put<int>(space, at_page(16), 1);
  const Snapshot before = must(space.snapshot());
  put<int>(space, at_page(16), 2);
  Space branch = must(before.fork());
  EXPECT_EQ(regions_of(branch), regions_of(space));
  EXPECT_EQ(get<int>(branch, at_page(16)), 1);
  put<int>(branch, at_page(16), 3);
  EXPECT_EQ(must(before.load<int>(at_page(16))), 1);
  EXPECT_EQ(get<int>(space, at_page(16)), 2);
}

TEST_F(SnapshotOfASpace, ThatIsGoneCostsNoCopy) {
  Space space = new_space(50);
  ASSERT_TRUE(holds(space.write(at_page(16), filled(50 * kPageSize, 1))));
  for (int i = 0; i < 10; ++i) (void)must(space.snapshot());
  ASSERT_TRUE(holds(space.write(at_page(16), filled(50 * kPageSize, 2))));
  EXPECT_EQ(copies(), 0u);
}

TEST_F(Rollback, BringsBackContentsAndRegions) {
  Space space = new_space(4);
  put<int>(space, at_page(16), 1);
  const Snapshot before = must(space.snapshot());
  put<int>(space, at_page(16), 2);
  put<int>(space, at_page(17), 3);
  ASSERT_TRUE(holds(space.unmap(at_page(18), kPageSize)));
  ASSERT_TRUE(holds(space.map_at(at_page(50), kPageSize)));
  ASSERT_TRUE(holds(space.rollback(before)));
  EXPECT_EQ(get<int>(space, at_page(16)), 1);
  EXPECT_EQ(get<int>(space, at_page(17)), 0);
  EXPECT_THAT(regions_of(space), ElementsAre(region(16, 20)));
  EXPECT_EQ(used(), 1u) << "what was only in the space is gone";
}

TEST_F(Rollback, CanBeRepeated) {
  Space space = new_space(4);
  put<int>(space, at_page(16), 1);
  const Snapshot before = must(space.snapshot());
  for (int i = 2; i < 10; ++i) {
    put<int>(space, at_page(16), i);
    ASSERT_TRUE(holds(space.rollback(before)));
    ASSERT_EQ(get<int>(space, at_page(16)), 1);
  }
  EXPECT_EQ(must(before.load<int>(at_page(16))), 1);
}

TEST_F(Rollback, GoesForwardsToo) {
  Space space = new_space(4);
  put<int>(space, at_page(16), 1);
  const Snapshot one = must(space.snapshot());
  put<int>(space, at_page(16), 2);
  const Snapshot two = must(space.snapshot());
  ASSERT_TRUE(holds(space.rollback(one)));
  ASSERT_TRUE(holds(space.rollback(two)));
  EXPECT_EQ(get<int>(space, at_page(16)), 2);
  Space stranger = new_space();
  ASSERT_TRUE(holds(stranger.rollback(one)));
  EXPECT_EQ(get<int>(stranger, at_page(16)), 1) << "any snapshot of the pool will do";
}

TEST_F(Rollback, ToASnapshotThatIsThenGoneLeavesAnOwner) {
  Space space = new_space(4);
  put<int>(space, at_page(16), 1);
  {
    const Snapshot before = must(space.snapshot());
    put<int>(space, at_page(16), 2);
    ASSERT_TRUE(holds(space.rollback(before)));
  }
  const auto copied = copies();
  put<int>(space, at_page(16), 3);
  EXPECT_EQ(copies(), copied);
}

TEST_F(Rollback, RefusesASnapshotOfAnotherPool) {
  Pool other = must(Pool::create(pages_of(64)));
  Space there = must(Space::create(other));
  Space here = new_space(1);
  put<int>(here, at_page(16), 1);
  EXPECT_TRUE(fails_with(here.rollback(must(there.snapshot())), Errc::bad_argument));
  EXPECT_EQ(get<int>(here, at_page(16)), 1);
}

TEST_F(Diff, IsTheRangesThatWereWritten) {
  Space space = new_space(200);
  ASSERT_TRUE(holds(space.write(at_page(16), filled(200 * kPageSize, 1))));
  const Snapshot before = must(space.snapshot());
  ASSERT_TRUE(holds(space.write(at_page(30, 100), filled(2 * kPageSize, 2))));
  put<int>(space, at_page(200), 3);
  const Snapshot after = must(space.snapshot());
  EXPECT_THAT(differences(before, after),
              ElementsAre(PageRange{PageNo{30}, PageNo{33}}, PageRange{PageNo{200}, PageNo{201}}));
  EXPECT_EQ(differences(before, after), differences(after, before));
  EXPECT_THAT(differences(before, before), IsEmpty());
}

TEST_F(Diff, CountsAPageThatWasWrittenWithTheBytesItHad) {
  Space space = new_space(2);
  put<int>(space, at_page(16), 1);
  const Snapshot before = must(space.snapshot());
  put<int>(space, at_page(16), 1);
  put<int>(space, at_page(17), 0);
  EXPECT_THAT(differences(before, must(space.snapshot())),
              ElementsAre(PageRange{PageNo{16}, PageNo{18}}));
}

TEST_F(Diff, SeesDiscardedPages) {
  Space space = new_space(20);
  ASSERT_TRUE(holds(space.write(at_page(16), filled(20 * kPageSize, 1))));
  const Snapshot before = must(space.snapshot());
  ASSERT_TRUE(holds(space.discard(at_page(20), pages_of(3))));
  EXPECT_THAT(differences(before, must(space.snapshot())),
              ElementsAre(PageRange{PageNo{20}, PageNo{23}}));
}

TEST_F(Diff, RefusesSnapshotsOfTwoPools) {
  Pool other = must(Pool::create(pages_of(64)));
  const Snapshot there = must(must(Space::create(other)).snapshot());
  const Snapshot here = must(new_space().snapshot());
  EXPECT_TRUE(fails_with(diff(here, there, [](PageRange) { FAIL(); }), Errc::bad_argument));
}

}  // namespace
}  // namespace cleave::detail
