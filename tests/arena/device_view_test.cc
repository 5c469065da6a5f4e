// Devices that say themselves which pages they have written, under each way of tracking.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/arena.h>
#include <cleave/must.h>

#include "arena/memory/bitmap.h"
#include "tests/arena/every_tracking.h"

namespace cleave::detail {
namespace {

constexpr std::size_t kPage = 4096;

class DeviceViews : public EveryTracking {
 protected:
  static void device_writes(const Arena& arena, std::size_t page, std::string_view text) {
    std::memcpy(arena.device_view().data() + page * kPage, text.data(), text.size());
  }
  static std::vector<std::uint64_t> changed_pages(Arena& arena) {
    std::vector<std::uint64_t> pages;
    must(arena.changes([&](std::span<const std::byte> run) {
      for (std::size_t at = 0; at < run.size(); at += kPage) {
        pages.push_back(static_cast<std::uint64_t>(run.data() + at - arena.data()) / kPage);
      }
    }));
    return pages;
  }
};

TEST_P(DeviceViews, AreTheSameBytesElsewhere) {
  Arena arena = make();
  EXPECT_NE(arena.device_view().data(), arena.data());
  EXPECT_EQ(arena.device_view().size(), arena.size().value);
  write(arena, 100, "program");
  EXPECT_EQ(std::memcmp(arena.device_view().data() + 100, "program", 7), 0);
  device_writes(arena, 3, "device");
  EXPECT_EQ(text_at(arena, 3 * kPage, 6), "device");
}

TEST_P(DeviceViews, AreCommittedAndGoBackAsTheirBitmapTells) {
  Arena arena = make();
  device_writes(arena, 200, "before");
  const std::array<std::uint64_t, 4> one{0, 0, 0, std::uint64_t{1} << (200 - 192)};
  arena.mark_dirty(arena.data(), one);
  const Commit before = must(arena.commit());
  EXPECT_EQ(before.pages(), 1u);

  device_writes(arena, 0, "a");
  device_writes(arena, 63, "b");
  device_writes(arena, 64, "c");
  device_writes(arena, 200, "after!");
  const std::array<std::uint64_t, 4> all{std::uint64_t{1} | std::uint64_t{1} << 63, 1, 0, one[3]};
  arena.mark_dirty(arena.data(), all);
  EXPECT_EQ(changed_pages(arena), (std::vector<std::uint64_t>{0, 63, 64, 200}));
  const Commit after = must(arena.commit());
  EXPECT_EQ(after.pages(), 4u);

  must(arena.checkout(before));
  EXPECT_EQ(std::memcmp(arena.device_view().data() + 200 * kPage, "before", 6), 0);
  EXPECT_EQ(arena.device_view()[0], std::byte{0});
  must(arena.checkout(after));
  EXPECT_EQ(text_at(arena, 64 * kPage, 1), "c");
  EXPECT_EQ(text_at(arena, 200 * kPage, 6), "after!");
}

TEST_P(DeviceViews, CountBitsFromThePageThatTheBitmapBeginsAt) {
  Arena arena = make();
  (void)must(arena.commit());
  device_writes(arena, 255, "last");
  const std::array<std::uint64_t, 1> fifth{std::uint64_t{1} << 5};
  arena.mark_dirty(arena.data() + 250 * kPage, fifth);
  EXPECT_EQ(changed_pages(arena), (std::vector<std::uint64_t>{255}));
}

TEST_P(DeviceViews, MayHaveBitmapsThatEndBeyondTheArena) {
  Arena arena = make(70 * kPage);
  (void)must(arena.commit());
  device_writes(arena, 69, "last");
  const std::array<std::uint64_t, 3> words{0, std::uint64_t{1} << 5, 0};
  arena.mark_dirty(arena.data(), words);
  arena.mark_dirty(arena.data(), std::span<const std::uint64_t>{});
  EXPECT_EQ(changed_pages(arena), (std::vector<std::uint64_t>{69}));
}

TEST_P(DeviceViews, StopAProgramWhoseBitmapNamesPagesBeyondTheArena) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a child of fork(2) has no memory of ours
  Arena arena = make(70 * kPage);
  const std::array<std::uint64_t, 2> words{0, std::uint64_t{1} << 6};
  EXPECT_DEATH(arena.mark_dirty(arena.data(), words), "do not lie inside the arena");
  EXPECT_DEATH(arena.mark_dirty(arena.data() + 1, std::span(words).last(1)), "inside the arena");
}

// Rounds of writes by the program and by the device, thousands of pages, each found.
TEST_P(DeviceViews, LoseNoWriteOfAnyRound) {
  constexpr std::size_t kPages = 256;
  Arena arena = make();
  std::mt19937_64 random(7);
  std::vector<std::byte> expected(arena.size().value);
  Commit start = must(arena.commit());
  for (int round = 0; round < 60; ++round) {
    std::array<std::uint64_t, kPages / 64> bitmap{};
    for (int i = 0; i < 20; ++i) {
      const std::uint64_t page = random() % kPages;
      const auto byte = static_cast<std::byte>(random() & 0xff);
      if (i % 4 == 0) {
        write(arena, page * kPage + 8, std::string(1, static_cast<char>(byte)));
      } else {
        arena.device_view()[page * kPage + 8] = byte;
        bitmap[page / 64] |= std::uint64_t{1} << (page % 64);
      }
      if (round % 3 == 0) expected[page * kPage + 8] = byte;
    }
    arena.mark_dirty(arena.data(), bitmap);
    if (round % 3 == 0) {
      start = must(arena.commit());
    } else {
      must(arena.checkout(start));
    }
    ASSERT_EQ(std::memcmp(arena.data(), expected.data(), expected.size()), 0) << "round " << round;
  }
}

TEST_P(DeviceViews, AreNotInAChildOfForkWhereBitmapsSayNothing) {
  Arena arena = make();
  const std::array<std::uint64_t, 1> words{1};
  const pid_t child = fork();
  if (child == 0) {
    arena.mark_dirty(arena.data(), words);
    _exit(0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(changed_pages(arena).empty());
}

TEST(Bitmaps, AreVisitedRunByRun) {
  const std::array<std::uint64_t, 4> words{0xf000000000000001, ~std::uint64_t{0}, 0x3, 0};
  std::vector<PageRun> runs;
  for_each_run_of_bits(words, [&](PageRun run) { runs.push_back(run); });
  EXPECT_EQ(runs, (std::vector<PageRun>{{0, 1}, {60, 130}}));
}

INSTANTIATE_TEST_SUITE_P(Tracked, DeviceViews, every_tracking(), name_of_tracking);

}  // namespace
}  // namespace cleave::detail
