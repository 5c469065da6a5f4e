#include <array>
#include <cstring>
#include <thread>
#include <vector>

#include "tests/capi/owned.h"

namespace cleave::c {
namespace {

using testing::ElementsAre;

struct Range {
  cleave_address at;
  std::uint64_t bytes;
  friend bool operator==(const Range&, const Range&) = default;
};

void note_run(void* runs, cleave_address at, uint64_t bytes) {
  static_cast<std::vector<Range>*>(runs)->push_back({at, bytes});
}
void note_region(void* regions, cleave_address at, uint64_t bytes, cleave_protection protection) {
  static_cast<std::vector<std::array<std::uint64_t, 3>>*>(regions)->push_back(
      {at, bytes, static_cast<std::uint64_t>(protection)});
}

class CSpace : public InC {
 protected:
  void SetUp() override {
    InC::SetUp();
    ASSERT_NE(space, nullptr);
    ok(cleave_space_map(space.get(), 16 * kPage, CLEAVE_READ_WRITE, &at, &error));
  }
  void write(cleave_space* to, cleave_address where, const char* text) {
    ok(cleave_space_write(to, where, text, std::strlen(text), &error));
  }
  std::string text_in(const cleave_space* from, cleave_address where, std::size_t size) {
    std::string text(size, '?');
    EXPECT_EQ(cleave_space_read(from, where, text.data(), size, &error), CLEAVE_OK);
    return text;
  }

  OwnedSpace space{cleave_space_create(pool.get(), &error)};
  cleave_address at = 0;
};

TEST_F(CSpace, ForksAndNeitherSideSeesTheOthersWrites) {
  write(space.get(), at, "both");
  OwnedSpace child(cleave_space_fork(space.get(), &error));
  ASSERT_NE(child, nullptr);
  write(space.get(), at, "ours");
  write(child.get(), at + kPage, "theirs");
  EXPECT_EQ(text_in(child.get(), at, 4), "both");
  EXPECT_EQ(text_in(space.get(), at + kPage, 6), std::string(6, '\0'));
}

TEST_F(CSpace, KeepsSnapshotsAndRollsBackToThem) {
  write(space.get(), at, "then");
  OwnedSnapshot snapshot(cleave_space_snapshot(space.get(), &error));
  OwnedSnapshot copy(cleave_snapshot_copy(snapshot.get(), &error));
  write(space.get(), at, "now!");
  snapshot.reset();
  std::array<char, 4> seen{};
  ok(cleave_snapshot_read(copy.get(), at, seen.data(), 4, &error));
  EXPECT_EQ(std::string(seen.data(), 4), "then");
  const OwnedView page(cleave_snapshot_view(copy.get(), at + 17, &error));
  EXPECT_EQ(shown_by(page.get()).substr(0, 4), "then");
  EXPECT_EQ(cleave_view_size(page.get()), kPage);
  EXPECT_EQ(cleave_view_is_absent(page.get()), 0);
  const OwnedView absent(cleave_snapshot_view(copy.get(), at + kPage, &error));
  EXPECT_EQ(cleave_view_is_absent(absent.get()), 1);
  EXPECT_EQ(shown_by(absent.get()), std::string(kPage, '\0'));
  EXPECT_EQ(cleave_snapshot_view(copy.get(), UINT64_MAX, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  OwnedSpace branch(cleave_snapshot_fork(copy.get(), &error));
  EXPECT_EQ(text_in(branch.get(), at, 4), "then");
  ok(cleave_space_rollback(space.get(), copy.get(), &error));
  EXPECT_EQ(text_in(space.get(), at, 4), "then");
}

TEST_F(CSpace, ShowsWhichPagesDiffer) {
  OwnedSnapshot before(cleave_space_snapshot(space.get(), &error));
  write(space.get(), at + kPage + 1, "x");
  write(space.get(), at + 2 * kPage, "x");
  write(space.get(), at + 9 * kPage, "x");
  OwnedSnapshot after(cleave_space_snapshot(space.get(), &error));
  std::vector<Range> runs;
  ok(cleave_snapshot_diff(before.get(), after.get(), note_run, &runs, &error));
  EXPECT_THAT(runs, ElementsAre(Range{at + kPage, 2 * kPage}, Range{at + 9 * kPage, kPage}));
}

TEST_F(CSpace, RefusesSnapshotsOfAnotherPool) {
  OwnedPool other(cleave_pool_create(1 << 20, &error));
  OwnedSpace foreign(cleave_space_create(other.get(), &error));
  OwnedSnapshot theirs(cleave_space_snapshot(foreign.get(), &error));
  OwnedSnapshot ours(cleave_space_snapshot(space.get(), &error));
  EXPECT_EQ(cleave_space_rollback(space.get(), theirs.get(), &error), CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_snapshot_diff(ours.get(), theirs.get(), note_run, nullptr, &error),
            CLEAVE_BAD_ARGUMENT);
}

TEST_F(CSpace, ChangesItsRegions) {
  ok(cleave_space_protect(space.get(), at + 4 * kPage, 4 * kPage, CLEAVE_READ, &error));
  ok(cleave_space_unmap(space.get(), at + 12 * kPage, 4 * kPage, &error));
  ok(cleave_space_map_at(space.get(), at + 14 * kPage, 1, CLEAVE_NONE, &error));
  std::vector<std::array<std::uint64_t, 3>> regions;
  cleave_space_for_each_region(space.get(), note_region, &regions);
  using Region = std::array<std::uint64_t, 3>;
  EXPECT_THAT(regions, ElementsAre(Region{at, 4 * kPage, CLEAVE_READ_WRITE},
                                   Region{at + 4 * kPage, 4 * kPage, CLEAVE_READ},
                                   Region{at + 8 * kPage, 4 * kPage, CLEAVE_READ_WRITE},
                                   Region{at + 14 * kPage, kPage, CLEAVE_NONE}));
  OwnedSnapshot snapshot(cleave_space_snapshot(space.get(), &error));
  std::vector<std::array<std::uint64_t, 3>> kept;
  cleave_snapshot_for_each_region(snapshot.get(), note_region, &kept);
  EXPECT_EQ(kept, regions);
}

TEST_F(CSpace, DiscardsToZeroes) {
  write(space.get(), at, "gone");
  ok(cleave_space_discard(space.get(), at, kPage, &error));
  EXPECT_EQ(text_in(space.get(), at, 4), std::string(4, '\0'));
}

TEST_F(CSpace, SaysWhereItCouldNotGoOn) {
  const std::vector<char> bytes(2 * kPage, 'x');
  EXPECT_EQ(cleave_space_write(space.get(), at + 15 * kPage, bytes.data(), bytes.size(), &error),
            CLEAVE_NOT_MAPPED);
  EXPECT_EQ(error.code, CLEAVE_NOT_MAPPED);
  EXPECT_EQ(error.where, at + 16 * kPage);
  EXPECT_EQ(text_in(space.get(), at + 15 * kPage, 1), "x") << "what came before is written";
  ok(cleave_space_protect(space.get(), at, kPage, CLEAVE_READ, &error));
  EXPECT_EQ(error.code, CLEAVE_OK) << "each call sets the error anew";
  EXPECT_EQ(error.what, nullptr);
  EXPECT_EQ(cleave_space_write(space.get(), at, "x", 1, &error), CLEAVE_NOT_PERMITTED);
}

TEST_F(CSpace, LeavesResultsAloneWhereItFails) {
  cleave_address where = 77;
  EXPECT_EQ(cleave_space_map(space.get(), 0, CLEAVE_READ, &where, &error), CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(where, 77u);
}

TEST_F(CSpace, RefusesWhatIsNoProtection) {
  cleave_address where = 0;
  for (const int none : {-1, 3, 256}) {
    EXPECT_EQ(cleave_space_map(space.get(), kPage, none, &where, &error), CLEAVE_BAD_ARGUMENT);
    EXPECT_EQ(cleave_space_map_at(space.get(), 0, kPage, none, &error), CLEAVE_BAD_ARGUMENT);
    EXPECT_EQ(cleave_space_protect(space.get(), at, kPage, none, &error), CLEAVE_BAD_ARGUMENT);
  }
}

class CAccessor : public CSpace {
 protected:
  OwnedAccessor accessor{cleave_accessor_create(space.get(), &error)};
};

TEST_F(CAccessor, LoadsWhatItStoredInEverySize) {
  ok(cleave_store8(accessor.get(), at, 0x11, &error));
  ok(cleave_store16(accessor.get(), at + 2, 0x2222, &error));
  ok(cleave_store32(accessor.get(), at + 4, 0x33333333, &error));
  ok(cleave_store64(accessor.get(), at + 8, 0x4444444444444444, &error));
  std::uint8_t a = 0;
  std::uint16_t b = 0;
  std::uint32_t c = 0;
  std::uint64_t d = 0;
  ok(cleave_load8(accessor.get(), at, &a, &error));
  ok(cleave_load16(accessor.get(), at + 2, &b, &error));
  ok(cleave_load32(accessor.get(), at + 4, &c, &error));
  ok(cleave_load64(accessor.get(), at + 8, &d, &error));
  EXPECT_EQ(a, 0x11u);
  EXPECT_EQ(b, 0x2222u);
  EXPECT_EQ(c, 0x33333333u);
  EXPECT_EQ(d, 0x4444444444444444u);
  EXPECT_EQ(text_in(space.get(), at + 2, 2), "\x22\x22");
}

TEST_F(CAccessor, AddsAndExchangesAtOnceForAllThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      OwnedAccessor own(cleave_accessor_create(space.get(), nullptr));
      for (int n = 0; n < 1000; ++n) {
        cleave_fetch_add64(own.get(), at, 1, nullptr, nullptr);
        cleave_fetch_add32(own.get(), at + 8, 2, nullptr, nullptr);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::uint64_t before64 = 0;
  std::uint32_t before32 = 0;
  ok(cleave_fetch_add64(accessor.get(), at, 0, &before64, &error));
  ok(cleave_fetch_add32(accessor.get(), at + 8, 0, &before32, &error));
  EXPECT_EQ(before64, 4000u);
  EXPECT_EQ(before32, 8000u);

  std::uint64_t expected64 = 1;
  ok(cleave_compare_exchange64(accessor.get(), at, &expected64, 5, &error));
  EXPECT_EQ(expected64, 4000u) << "another value was there";
  ok(cleave_compare_exchange64(accessor.get(), at, &expected64, 5, &error));
  std::uint32_t expected32 = 8000;
  ok(cleave_compare_exchange32(accessor.get(), at + 8, &expected32, 6, &error));
  std::uint64_t now = 0;
  ok(cleave_load64(accessor.get(), at, &now, &error));
  EXPECT_EQ(now, 5u);
  EXPECT_EQ(cleave_fetch_add64(accessor.get(), at + 1, 1, nullptr, &error), CLEAVE_BAD_ARGUMENT);
}

TEST_F(CAccessor, ReadsWritesAndSaysWhatIsNotMapped) {
  ok(cleave_accessor_write(accessor.get(), at + kPage - 2, "over", 4, &error));
  std::array<char, 4> seen{};
  ok(cleave_accessor_read(accessor.get(), at + kPage - 2, seen.data(), 4, &error));
  EXPECT_EQ(std::string(seen.data(), 4), "over");
  std::uint32_t value = 7;
  EXPECT_EQ(cleave_load32(accessor.get(), at + 16 * kPage, &value, &error), CLEAVE_NOT_MAPPED);
  EXPECT_EQ(value, 7u);
  EXPECT_EQ(cleave_store32(accessor.get(), at + 16 * kPage, 1, nullptr), CLEAVE_NOT_MAPPED);
}

TEST_F(CAccessor, KeepsItsSpaceAlive) {
  space.reset();
  ok(cleave_store64(accessor.get(), at, 1, &error));
  EXPECT_EQ(figures().spaces, 1u);
  accessor.reset();
  EXPECT_EQ(figures().spaces, 0u);
}

class CPin : public CAccessor {};

TEST_F(CPin, ShowsTheDeviceWhatTheOwnerSeesThroughForks) {
  OwnedPin pin(cleave_space_pin(space.get(), at + 10, 2 * kPage, CLEAVE_PIN_WRITE,
                                CLEAVE_SHORT_TERM, &error));
  ASSERT_NE(pin, nullptr) << message(error);
  EXPECT_EQ(figures().short_pins, 3u);
  OwnedSpace child(cleave_space_fork(space.get(), &error));
  std::size_t count = 0;
  const iovec* pieces = cleave_pin_pieces(pin.get(), &count);
  ASSERT_GE(count, 1u);
  std::memcpy(pieces[0].iov_base, "device", 6);
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) bytes += pieces[i].iov_len;
  EXPECT_EQ(bytes, 2 * kPage);
  EXPECT_EQ(cleave_pin_size(pin.get()), 2 * kPage);
  EXPECT_EQ(text_in(space.get(), at + 10, 6), "device");
  EXPECT_EQ(text_in(child.get(), at + 10, 6), std::string(6, '\0'));
}

TEST_F(CPin, IsCountedByItsTermAndKeepsARollbackAway) {
  OwnedSnapshot before(cleave_space_snapshot(space.get(), &error));
  OwnedPin pin(
      cleave_accessor_pin(accessor.get(), at, kPage, CLEAVE_PIN_READ, CLEAVE_LONG_TERM, &error));
  ASSERT_NE(pin, nullptr) << message(error);
  EXPECT_EQ(figures().long_pins, 1u);
  EXPECT_EQ(cleave_space_rollback(space.get(), before.get(), &error), CLEAVE_PINNED);
  EXPECT_EQ(error.where, at);
  pin.reset();
  ok(cleave_space_rollback(space.get(), before.get(), &error));
}

TEST_F(CPin, RefusesWhatIsNoAccessOrTerm) {
  EXPECT_EQ(cleave_space_pin(space.get(), at, kPage, 2, CLEAVE_LONG_TERM, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_accessor_pin(accessor.get(), at, kPage, CLEAVE_PIN_READ, -1, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_space_pin(space.get(), at, 0, CLEAVE_PIN_READ, CLEAVE_LONG_TERM, &error),
            nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
}

TEST_F(CPin, LeavesAHoldAsItWas) {
  write(space.get(), at + kPage - 2, "held");
  OwnedHold hold(cleave_space_hold(space.get(), at + kPage - 2, 4, &error));
  ASSERT_NE(hold, nullptr);
  write(space.get(), at + kPage - 2, "gone");
  EXPECT_EQ(cleave_hold_address(hold.get()), at + kPage - 2);
  EXPECT_EQ(cleave_hold_size(hold.get()), 4u);
  const OwnedView view(cleave_hold_view(hold.get(), at + kPage - 2, 4, &error));
  EXPECT_EQ(shown_by(view.get()), "held");
  EXPECT_EQ(cleave_view_size(view.get()), 4u);
  EXPECT_EQ(cleave_view_is_absent(view.get()), 0);
  EXPECT_EQ(cleave_hold_view(hold.get(), at + kPage, 4, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  std::array<char, 2> seen{};
  EXPECT_EQ(cleave_hold_read(hold.get(), at + kPage + 1, seen.data(), 2, &error),
            CLEAVE_BAD_ARGUMENT);
}

}  // namespace
}  // namespace cleave::c
