// Equal pages that become one.
#include <cstring>
#include <optional>
#include <utility>

#include "frames/away/merger.h"
#include "tests/merge/on_equal_pages.h"

namespace cleave::detail {
namespace {

class MergeTest : public OnEqualPages {};

TEST_F(MergeTest, EqualPagesTakeTheMemoryOfOne) {
  Space space = space_of(10);
  fill_equally(space, 10, 7);
  EXPECT_EQ(merge().merged, 9u);
  EXPECT_EQ(pool.statistics().used, 1u);
  EXPECT_EQ(merged(), 9u);
  expect_all(space, 10, 7);
  expect_valid(space);
}

TEST_F(MergeTest, WhatIsDifferentStaysSo) {
  Space space = space_of(10);
  fill(space, 10, 100);
  const MergeReport report = merge();
  EXPECT_EQ(report.looked_at, 10u);
  EXPECT_EQ(report.changed, 0u);
  EXPECT_EQ(report.merged, 0u);
  EXPECT_EQ(pool.statistics().used, 10u);
}

TEST_F(MergeTest, WhatIsNewOrHasChangedIsLeftAlone) {
  Space space = space_of(4);
  fill_equally(space, 4, 7);
  MergeReport report = look();
  EXPECT_EQ(report.changed, 4u);
  EXPECT_EQ(report.merged, 0u);
  put(space, 0, 8);
  put(space, 1, 8);
  report = look();
  EXPECT_EQ(report.changed, 2u);
  EXPECT_EQ(report.merged, 1u) << "the two that have not";
  EXPECT_EQ(look().merged, 1u);
}

TEST_F(MergeTest, OneCallLooksAtNoMoreThanItWasAskedTo) {
  Space space = space_of(10);
  fill_equally(space, 10, 7);
  for (int i = 0; i < 4; ++i) EXPECT_LE(must(pool.merge(ByteCount{4 * kPageSize})).looked_at, 4u);
  for (int i = 0; i < 4; ++i) must(pool.merge(ByteCount{4 * kPageSize}));
  EXPECT_EQ(merged(), 9u);
}

TEST_F(MergeTest, AWriteToAMergedPageCopiesAndTheOthersKeepWhatTheyHad) {
  Space space = space_of(4);
  fill_equally(space, 4, 7);
  (void)merge();
  for (std::uint64_t n = 0; n < 4; ++n) {
    const std::uint64_t copies = pool.statistics().copies;
    put(space, n, 100 + n);
    EXPECT_EQ(pool.statistics().copies, copies + 1);
    for (std::uint64_t m = 0; m < 4; ++m) EXPECT_EQ(get(space, m), m <= n ? 100 + m : 7);
    expect_valid(space);
  }
  EXPECT_EQ(merged(), 0u);
}

TEST_F(MergeTest, PagesOfSpacesForksSnapshotsAndHoldsAreMerged) {
  Space space = space_of(3);
  fill_equally(space, 3, 7);
  Space other = space_of(3);
  fill_equally(other, 3, 7);
  const Snapshot snapshot = must(space.snapshot());
  Space child = must(other.fork());
  const Hold hold = must(other.hold(page_at(0), ByteCount{3 * kPageSize}));
  (void)merge();
  EXPECT_EQ(pool.statistics().used, 1u);
  fill(space, 3, 100);
  fill(other, 3, 200);
  expect_all(snapshot, 3, 7);
  expect_all(child, 3, 7);
  expect_all(hold, 3, 7);
  expect_filled(space, 3, 100);
  expect_filled(other, 3, 200);
  must(space.rollback(snapshot));
  expect_all(space, 3, 7);
}

TEST_F(MergeTest, AccessorsReadWhatIsMergedAndWriteToACopy) {
  Space space = space_of(6);
  fill_equally(space, 6, 7);
  Accessor accessor = must(space.accessor());
  for (std::uint64_t n = 0; n < 6; ++n) {
    must(accessor.store<std::uint64_t>(page_at(n), 8));
    ASSERT_EQ(must(accessor.load<std::uint64_t>(page_at(n))), 8u);
  }
  (void)merge();
  EXPECT_EQ(merged(), 5u);
  for (std::uint64_t n = 0; n < 6; ++n)
    ASSERT_EQ(must(accessor.load<std::uint64_t>(page_at(n))), 8u);
  // Other pages lie where the merged ones did.
  Space filler = space_of(kMemory - 6);
  fill(filler, kMemory - 6, 9000);
  for (std::uint64_t n = 0; n < 6; ++n) {
    ASSERT_EQ(must(accessor.fetch_add<std::uint64_t>(page_at(n), n)), 8u);
    for (std::uint64_t m = 0; m < 6; ++m)
      ASSERT_EQ(must(accessor.load<std::uint64_t>(page_at(m))), m <= n ? 8 + m : 8);
  }
  expect_filled(filler, kMemory - 6, 9000);
}

TEST_F(MergeTest, APageOfZeroesTakesNoMemory) {
  Space space = space_of(4);
  fill(space, 4, 1);
  const std::vector<std::byte> zeroes(4 * kPageSize);
  must(space.write(page_at(0), zeroes));
  (void)merge();
  EXPECT_EQ(pool.statistics().used, 0u);
  EXPECT_EQ(merged(), 4u);
  const Snapshot snapshot = must(space.snapshot());
  const PageView view = must(snapshot.view(page_of(page_at(1))));
  EXPECT_EQ(std::memcmp(view.bytes().data(), zeroes.data(), kPageSize), 0);
  put(space, 2, 5);
  EXPECT_EQ(get(space, 2), 5u);
  EXPECT_EQ(get(space, 1), 0u);
  expect_valid(space, &snapshot);
}

TEST_F(MergeTest, APageIsItsOwnersAgainWhenTheOthersHaveGone) {
  Space space = space_of(3);
  fill_equally(space, 3, 7);
  (void)merge();
  const FrameId frame = frame_of_page(space, 0);
  put(space, 1, 8);
  must(space.discard(page_at(2), kPageSize));
  put(space, 0, 9);
  EXPECT_EQ(frame_of_page(space, 0), frame) << "not copied";
}

// Pins, wires -------------------------------------------------------------------------------------

TEST_F(MergeTest, WhatIsPinnedIsNeverMerged) {
  Space space = space_of(4);
  fill_equally(space, 4, 7);
  std::optional<Pin> pin = must(space.pin(page_at(1), ByteCount{2 * kPageSize}, PinAccess::write));
  const FrameId frame = frame_of_page(space, 1);
  for (int i = 0; i < 4; ++i) look();
  EXPECT_EQ(merged(), 1u) << "pages 0 and 3";
  EXPECT_EQ(frame_of_page(space, 1), frame);
  const std::uint64_t value = 77;
  std::memcpy(pin->pieces()[0].iov_base, &value, sizeof value);
  EXPECT_EQ(get(space, 1), 77u);
  EXPECT_EQ(get(space, 0), 7u);
  pin.reset();
  (void)merge();
  EXPECT_EQ(merged(), 2u);
}

TEST_F(MergeTest, APinOfAMergedPageGetsACopyFirst) {
  Space space = space_of(3);
  fill_equally(space, 3, 7);
  (void)merge();
  for (const PinAccess access : {PinAccess::read, PinAccess::write}) {
    const std::uint64_t n = access == PinAccess::read ? 0 : 1;
    const Pin pin = must(space.pin(page_at(n), kPageSize, access));
    std::uint64_t seen = 0;
    std::memcpy(&seen, pin.pieces()[0].iov_base, sizeof seen);
    EXPECT_EQ(seen, 7u);
    put(space, n, 80 + n);
    std::memcpy(&seen, pin.pieces()[0].iov_base, sizeof seen);
    EXPECT_EQ(seen, 80 + n) << "owner and device have one page";
    EXPECT_EQ(get(space, 2), 7u);
  }
}

TEST_F(MergeTest, AnAccessorsPinOfAMergedPageGetsACopyToo) {
  Space space = space_of(3);
  fill_equally(space, 3, 7);
  Accessor accessor = must(space.accessor());
  must(accessor.store<std::uint64_t>(page_at(0) + 8, 1));
  must(accessor.store<std::uint64_t>(page_at(1) + 8, 1));
  must(accessor.store<std::uint64_t>(page_at(2) + 8, 1));
  (void)merge();
  const Pin pin = must(accessor.pin(page_at(0), ByteCount{3 * kPageSize}, PinAccess::write));
  EXPECT_EQ(pool.statistics().used, 3u);
  EXPECT_EQ(merged(), 0u);
  const Space child = must(space.fork());
  EXPECT_EQ(get(child, 2), 7u);
}

TEST_F(MergeTest, WhatIsViewedIsNotMergedButOthersAreWithIt) {
  Space space = space_of(3);
  fill_equally(space, 3, 7);
  const Snapshot snapshot = must(space.snapshot());
  const PageView view = must(snapshot.view(page_of(page_at(0))));
  (void)merge();
  EXPECT_EQ(merged(), 2u);
  put(space, 0, 1);
  EXPECT_EQ(get(snapshot, 1), 7u);
}

TEST_F(MergeTest, AViewOfAMergedPageOutlivesWhatElseKeptIt) {
  std::optional<Space> space = space_of(2);
  fill_equally(*space, 2, 7);
  std::optional<Snapshot> snapshot = must(space->snapshot());
  (void)merge();
  std::optional<PageView> one = must(snapshot->view(page_of(page_at(0))));
  std::optional<PageView> two = must(snapshot->view(page_of(page_at(1))));
  space.reset();
  snapshot.reset();
  Space filler = space_of(kMemory - 1);
  fill(filler, kMemory - 1, 9000);
  for (const auto* view : {&one, &two}) {
    std::uint64_t seen = 0;
    std::memcpy(&seen, (*view)->bytes().data(), sizeof seen);
    EXPECT_EQ(seen, 7u);
  }
}

// Going, coming, ending ---------------------------------------------------------------------------

TEST_F(MergeTest, MergedPagesGoAndComeTogether) {
  Space space = space_of(8);
  fill_equally(space, 8, 7);
  (void)merge();
  evict();
  EXPECT_EQ(pool.statistics().used, 0u);
  EXPECT_EQ(away(), 1u);
  EXPECT_EQ(merged(), 7u);
  EXPECT_EQ(beyond.held(), 1u);
  expect_valid(space);
  expect_all(space, 8, 7);
  EXPECT_EQ(pool.statistics().came, 1u);
  evict();
  put(space, 3, 8);
  EXPECT_EQ(get(space, 3), 8u);
  evict();
  const Snapshot snapshot = must(space.snapshot());
  EXPECT_EQ(get(snapshot, 2), 7u);
  evict();
  const Pin pin = must(space.pin(page_at(5), kPageSize, PinAccess::read));
  EXPECT_EQ(get(space, 5), 7u);
}

TEST_F(MergeTest, MergedPagesEndInAnyOrder) {
  for (int order = 0; order < 6; ++order) {
    Space space = space_of(3);
    fill_equally(space, 3, 7);
    (void)merge();
    if (order % 2 == 0) evict();
    std::array<std::uint64_t, 3> pages{0, 1, 2};
    for (int i = 0; i < order; ++i) std::next_permutation(pages.begin(), pages.end());
    for (std::size_t i = 0; i < 3; ++i) {
      must(space.discard(page_at(pages[i]), kPageSize));
      expect_valid(space);
      for (std::size_t left = i + 1; left < 3; ++left) EXPECT_EQ(get(space, pages[left]), 7u);
    }
    EXPECT_EQ(pool.statistics().used + away() + merged(), 0u);
    EXPECT_EQ(beyond.held(), 0u);
  }
}

TEST_F(MergeTest, MoreAndMoreEqualPagesAreMergedWithTheSameOne) {
  std::vector<Space> spaces;
  for (std::uint64_t i = 1; i <= 6; ++i) {
    spaces.push_back(space_of(4));
    fill_equally(spaces.back(), 4, 7);
    (void)merge();
    EXPECT_EQ(pool.statistics().used, 1u);
    EXPECT_EQ(merged(), 4 * i - 1);
  }
  for (Space& space : spaces) expect_all(space, 4, 7);
}

TEST_F(MergeTest, WhatSharesAPageThatIsAwayIsMergedWithAnother) {
  Space space = space_of(4);
  fill_equally(space, 4, 7);
  (void)merge();
  evict();
  Space other = space_of(4);
  fill_equally(other, 4, 7);
  (void)merge();
  expect_all(space, 4, 7);
  EXPECT_EQ(pool.statistics().used, 2u);
  (void)merge();
  EXPECT_EQ(pool.statistics().used, 2u) << "each has others that are merged with it";
  fill(other, 4, 100);
  expect_all(space, 4, 7);
}

TEST_F(MergeTest, ManyPagesThatAreEqualFitIntoLittleMemory) {
  Space space = space_of(200);
  for (std::uint64_t n = 0; n < 200; ++n) {
    put(space, n, 7);
    if (n % 8 == 7) (void)merge();
  }
  EXPECT_EQ(pool.statistics().went, 0u);
  EXPECT_EQ(pool.statistics().used + merged(), 200u);
  expect_all(space, 200, 7);
  fill(space, 200, 1000);
  expect_filled(space, 200, 1000);
}

// Errors ------------------------------------------------------------------------------------------

TEST_F(MergeTest, APoolWithoutABackingMergesNothing) {
  Pool plain = must(Pool::create(ByteCount{kMemory * kPageSize}));
  EXPECT_TRUE(fails_with(plain.merge(ByteCount{kPageSize}), Errc::unsupported));
}

TEST_F(MergeTest, AMergedPageThatCannotBeReadIsAnErrorUntilItCan) {
  Space space = space_of(4);
  fill_equally(space, 4, 7);
  (void)merge();
  evict();
  const Snapshot snapshot = must(space.snapshot());
  beyond.refuses_get = [] { return true; };
  std::uint64_t value = 5;
  const auto bytes = std::as_writable_bytes(std::span(&value, 1));
  for (std::uint64_t n = 0; n < 4; ++n) {
    EXPECT_TRUE(fails_at(space.read(page_at(n), bytes), Errc::io, page_at(n)));
    EXPECT_TRUE(fails_at(space.write(page_at(n), bytes), Errc::io, page_at(n)));
    EXPECT_TRUE(fails_at(snapshot.read(page_at(n), bytes), Errc::io, page_at(n)));
    EXPECT_TRUE(fails_at(space.pin(page_at(n), kPageSize, PinAccess::read), Errc::io, page_at(n)));
  }
  beyond.refuses_get = nullptr;
  expect_all(space, 4, 7);
}

}  // namespace
}  // namespace cleave::detail
