#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/hold.h>
#include <cleave/must.h>

#include "table/geometry.h"
#include "tests/pins/on_pins.h"

namespace cleave::detail {
namespace {

using HoldTest = OnPins;

TEST_F(HoldTest, NeverChangesWhateverTheOwnerDoes) {
  std::optional<Space> space = written_space(10);
  const Snapshot before = must(space->snapshot());
  const Hold hold = must(space->hold(at_page(17, 100), 5 * kPageSize));
  const Bytes held = bytes_in(*space, at_page(17, 100), 5 * kPageSize);
  EXPECT_EQ(hold.address(), at_page(17, 100));
  EXPECT_EQ(hold.size(), ByteCount{5 * kPageSize});
  const auto unchanged = [&](const char* after) { EXPECT_EQ(seen_through(hold), held) << after; };
  unchanged("at once");
  ASSERT_TRUE(holds(space->write(at_page(16), filled(10 * kPageSize, 2))));
  unchanged("after a write");
  write_through(must(space->pin(at_page(16), pages_of(10), kWriting)), filled(10 * kPageSize, 3));
  unchanged("after a device's write");
  ASSERT_TRUE(holds(space->discard(at_page(18), pages_of(2))));
  unchanged("after a discard");
  ASSERT_TRUE(holds(space->unmap(at_page(17), pages_of(2))));
  unchanged("after an unmap");
  ASSERT_TRUE(holds(space->rollback(before)));
  unchanged("after a rollback");
  ASSERT_TRUE(holds(space->write(at_page(16), filled(10 * kPageSize, 4))));
  unchanged("after another write");
  space.reset();
  unchanged("after the end of the space");
  Space other = new_space(50);
  ASSERT_TRUE(holds(other.write(at_page(16), filled(50 * kPageSize, 5))));
  unchanged("after others took frames");
}

TEST_F(HoldTest, IsReadInWholeAndInParts) {
  Space space = written_space(6);
  const Hold hold = must(space.hold(at_page(16, 7), pages_of(4)));
  const Bytes held = bytes_in(space, at_page(16, 7), 4 * kPageSize);
  put<int>(space, at_page(17), 1);
  EXPECT_EQ(bytes_in(hold, at_page(16, 7), 4 * kPageSize), held);
  EXPECT_EQ(bytes_in(hold, at_page(18, 1), 5000),
            Bytes(held.begin() + 2 * kPageSize - 6, held.begin() + 2 * kPageSize - 6 + 5000));
  Bytes part;
  const HoldView view = must(hold.view(at_page(18, 1), 5000));
  EXPECT_EQ(view.size(), ByteCount{5000});
  for (const iovec& piece : view.pieces()) {
    part.insert(part.end(), bytes_of(piece).begin(), bytes_of(piece).end());
  }
  EXPECT_TRUE(fails_with(hold.view(at_page(16, 6), 2), Errc::bad_argument));
  EXPECT_TRUE(fails_with(hold.view(at_page(20, 6), 2), Errc::bad_argument));
  EXPECT_EQ(part, bytes_in(hold, at_page(18, 1), 5000));
  Bytes byte(1);
  EXPECT_TRUE(fails_with(hold.read(at_page(16, 6), byte), Errc::bad_argument));
  EXPECT_TRUE(fails_with(hold.read(at_page(20, 7), byte), Errc::bad_argument));
  EXPECT_TRUE(holds(hold.read(at_page(20, 6), byte)));
}

TEST_F(HoldTest, CopiesPinnedPagesForItselfAndOnlyThoseInItsRange) {
  Space space = written_space(100);
  const Pin a = must(space.pin(at_page(20), pages_of(4), kWriting));
  const Pin outside = must(space.pin(at_page(90), pages_of(4), kWriting));
  const auto copied = copies();
  const Hold hold = must(space.hold(at_page(22), pages_of(50)));
  EXPECT_EQ(copies() - copied, 2u);
  const Bytes held = bytes_in(space, at_page(22), 50 * kPageSize);
  write_through(a, filled(4 * kPageSize, 1));
  EXPECT_EQ(seen_through(hold), held);
  EXPECT_EQ(bytes_in(space, at_page(20), 4 * kPageSize), filled(4 * kPageSize, 1));
}

TEST_F(HoldTest, MakesTheNextWriteToEachOfItsPagesCopyAndNoOther) {
  Space space = written_space(300);
  const Hold hold = must(space.hold(at_page(80), pages_of(100)));
  auto copied = copies();
  ASSERT_TRUE(holds(space.write(at_page(16), filled(64 * kPageSize, 1))));
  ASSERT_TRUE(holds(space.write(at_page(180), filled(136 * kPageSize, 1))));
  EXPECT_EQ(copies(), copied) << "pages outside were copied";
  ASSERT_TRUE(holds(space.write(at_page(80), filled(100 * kPageSize, 1))));
  EXPECT_EQ(copies() - copied, 100u);
  copied = copies();
  ASSERT_TRUE(holds(space.write(at_page(16), filled(300 * kPageSize, 2))));
  EXPECT_EQ(copies(), copied) << "once is enough";
}

TEST_F(HoldTest, OfPagesThatTheTableDoesNotReachHoldsNothing) {
  Space space = written_space(40);
  ASSERT_TRUE(holds(space.map_at(at_page(100'000), pages_of(10))));
  const auto before = nodes();
  const Hold hold = must(space.hold(at_page(100'000), pages_of(10)));
  EXPECT_EQ(seen_through(hold), filled(10 * kPageSize, 0));
  const auto copied = copies();
  ASSERT_TRUE(holds(space.write(at_page(16), filled(40 * kPageSize, 1))));
  EXPECT_EQ(copies(), copied) << "pages outside were copied";
  EXPECT_EQ(nodes(), before);
}

TEST_F(HoldTest, OfAbsentPagesIsOfZeroes) {
  Space space = new_space(10);
  put<int>(space, at_page(18), 1);
  const Hold hold = must(space.hold(at_page(16), pages_of(10)));
  EXPECT_EQ(used(), 1u) << "to look takes no frame";
  ASSERT_TRUE(holds(space.write(at_page(16), filled(10 * kPageSize, 1))));
  Bytes expected = filled(10 * kPageSize, 0);
  expected[2 * kPageSize] = std::byte{1};
  EXPECT_EQ(seen_through(hold), expected);
}

TEST_F(HoldTest, JoinsPiecesWhereFramesLieSideBySide) {
  Space space = new_space(8);
  ASSERT_TRUE(holds(space.write(at_page(16), filled(3 * kPageSize, 1))));
  ASSERT_TRUE(holds(space.write(at_page(20), filled(1, 1))));
  ASSERT_TRUE(holds(space.write(at_page(19), filled(1, 1))));
  EXPECT_EQ(count_pieces(must(space.hold(at_page(16, 1), 3 * kPageSize - 2))), 1u);
  EXPECT_EQ(count_pieces(must(space.hold(at_page(16), pages_of(5)))), 3u);
}

TEST_F(HoldTest, OfALargeRangeTakesFewNodes) {
  Space space = new_space(20'000);
  for (std::uint64_t p = 16; p < 20'000; p += 10) put<int>(space, at_page(p), 1);
  const auto before = nodes();
  const Hold hold = must(space.hold(at_page(17), pages_of(19'990)));
  EXPECT_LE(nodes() - before, 2 * kMostLevels);
  const Hold all = must(space.hold(at_page(16), pages_of(20'000)));
  EXPECT_LE(nodes() - before, 4 * kMostLevels);
}

TEST_F(HoldTest, IsOneOfMany) {
  Space space = new_space(64);
  std::vector<Hold> all;
  for (unsigned n = 0; n < 1000; ++n) {
    put<unsigned>(space, at_page(16 + n % 64), n);
    all.push_back(must(space.hold(at_page(16 + n % 64), sizeof(unsigned))));
  }
  for (unsigned n = 0; n < 1000; ++n) {
    EXPECT_EQ(get<unsigned>(all[n], at_page(16 + n % 64)), n);
  }
  std::reverse(all.begin(), all.end());
  all.erase(all.begin() + 500, all.end());
  EXPECT_EQ(get<unsigned>(all[499], at_page(16 + 500 % 64)), 500u);
}

TEST_F(HoldTest, MovesAndAssigns) {
  Space space = written_space(3);
  Hold one = must(space.hold(at_page(16), pages_of(1)));
  Hold two = must(space.hold(at_page(17), pages_of(2)));
  const Bytes of_two = seen_through(two);
  one = std::move(two);
  EXPECT_EQ(one.address(), at_page(17));
  EXPECT_EQ(seen_through(one), of_two);
  const Hold moved = std::move(one);
  put<int>(space, at_page(17), 5);
  EXPECT_EQ(seen_through(moved), of_two);
}

TEST_F(HoldTest, NeedsWhatReadingNeeds) {
  Space space = written_space(4);
  ASSERT_TRUE(holds(space.protect(at_page(18), pages_of(1), Protection::read)));
  EXPECT_TRUE(holds(space.hold(at_page(16), pages_of(4))));
  ASSERT_TRUE(holds(space.protect(at_page(18), pages_of(1), Protection::none)));
  EXPECT_TRUE(fails_at(space.hold(at_page(16), pages_of(4)), Errc::not_permitted, at_page(18)));
  EXPECT_TRUE(fails_at(space.hold(at_page(16), pages_of(5)), Errc::not_permitted, at_page(18)));
  EXPECT_TRUE(fails_at(space.hold(at_page(19), pages_of(2)), Errc::not_mapped, at_page(20)));
  EXPECT_TRUE(fails_with(space.hold(at_page(16), 0), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.hold(kLastByte, 2), Errc::bad_argument));
  ASSERT_TRUE(holds(space.map_at(kLastPage, kPageSize)));
  EXPECT_TRUE(holds(space.hold(kLastByte, 1)));
}

TEST_F(HoldTest, DoesNotHinderAPin) {
  Space space = written_space(3);
  const Hold hold = must(space.hold(at_page(16), pages_of(3)));
  const Bytes held = seen_through(hold);
  const Pin pin = must(space.pin(at_page(16), pages_of(3), kReading));
  const Hold later = must(space.hold(at_page(16), pages_of(3)));
  write_through(pin, filled(3 * kPageSize, 1));
  EXPECT_EQ(seen_through(hold), held);
  EXPECT_EQ(seen_through(later), held);
}

TEST_F(HoldTest, DoesNotHinderARollback) {
  Space space = written_space(3);
  const Snapshot before = must(space.snapshot());
  put<int>(space, at_page(16), 1);
  const Hold hold = must(space.hold(at_page(16), pages_of(3)));
  EXPECT_TRUE(holds(space.rollback(before)));
  EXPECT_EQ(get<int>(hold, at_page(16)), 1);
}

}  // namespace
}  // namespace cleave::detail
