// Compressed memory: how much it takes, and what goes on to the next backing.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <thread>

#include <cleave/backing/compressed.h>
#include <cleave/backing/swap_file.h>
#include <cleave/detail/atomic.h>
#include <cleave/must.h>

#include "tests/backing/pages.h"
#include "tests/support/failure.h"
#include "tests/support/sanitized.h"
#include "tests/support/together.h"

namespace cleave::detail {
namespace {

using namespace cleave::literals;

/// What /proc says that this process takes, in bytes.
std::uint64_t resident() {
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  unsigned long all = 0;
  unsigned long pages = 0;
  (void)!std::fscanf(file, "%lu %lu", &all, &pages);
  (void)std::fclose(file);
  return pages * kPageSize;
}

std::vector<Place> put_all(Backing& backing, const Pages& pages) {
  std::vector<Place> places(pages.size());
  EXPECT_TRUE(holds(backing.put(pages.read(), places)));
  return places;
}

void expect_all(Backing& backing, const std::vector<Place>& places, const Pages& pages) {
  Pages back(places.size());
  ASSERT_TRUE(holds(backing.get(places, back.all())));
  for (std::size_t i = 0; i < places.size(); ++i) ASSERT_TRUE(back.same(i, pages, i)) << i;
}

TEST(Compressed, TakesLessMemoryThanThePagesAre) {
  const auto memory = must(compressed({.bytes = 16_MiB}));
  Pages pages(2000);
  for (std::size_t i = 0; i < pages.size(); ++i) pages.fill_loosely(i, i);
  const std::uint64_t before = memory->statistics().compressed_bytes;
  const auto places = put_all(*memory, pages);
  const BackingStatistics now = memory->statistics();
  EXPECT_EQ(now.compressed_pages, pages.size());
  EXPECT_LT(now.compressed_bytes - before, pages.size() * kPageSize * 7 / 10);
  expect_all(*memory, places, pages);
}

TEST(Compressed, TakesNothingForPagesOfOneWord) {
  const auto memory = must(compressed({.bytes = 4_MiB}));
  Pages pages(4000);
  for (std::size_t i = 0; i < pages.size(); ++i) {
    std::fill_n(pages[i], kPageSize, static_cast<std::byte>(i));
  }
  const std::uint64_t before = memory->statistics().compressed_bytes;
  const auto places = put_all(*memory, pages);
  EXPECT_LE(memory->statistics().compressed_bytes - before, pages.size() * 24 + kPageSize);
  expect_all(*memory, places, pages);
}

TEST(Compressed, NeverTakesMoreMemoryThanItMay) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer has memory of its own";
  Pages pages(6000);
  for (std::size_t i = 0; i < pages.size(); ++i) pages.fill_loosely(i, i);
  std::vector<Place> places(pages.size());
  const auto from = pages.read();
  const std::uint64_t before = resident();
  const auto memory = must(compressed({.bytes = 8_MiB}));
  (void)memory->put(from, places);
  EXPECT_GT(std::count(places.begin(), places.end(), Place::none), 0);
  EXPECT_LE(memory->statistics().compressed_bytes, (8_MiB).value);
  EXPECT_LE(resident() - before, (8_MiB + 1_MiB).value);
}

TEST(Compressed, HasTheOldestGoOnWhenItIsFull) {
  const auto memory = must(compressed({.bytes = 2_MiB, .next = must(swap_file({.bytes = 8_MiB}))}));
  Pages pages(2000);
  for (std::size_t i = 0; i < pages.size(); ++i) pages.fill_loosely(i, i);
  const auto places = put_all(*memory, pages);
  const BackingStatistics now = memory->statistics();
  EXPECT_EQ(now.pages, pages.size());
  EXPECT_GT(now.written, 500u);
  EXPECT_EQ(now.compressed_pages + now.disk_bytes / kPageSize, pages.size());
  EXPECT_LE(now.compressed_bytes, (2_MiB).value);
  // The newest are here still: to read them asks no disk.
  Pages back(100);
  ASSERT_TRUE(holds(memory->get(std::span(places).last(100), back.all())));
  EXPECT_EQ(memory->statistics().read, 0u);
  ASSERT_TRUE(holds(memory->get(std::span(places).first(100), back.all())));
  EXPECT_EQ(memory->statistics().read, 100u);
  expect_all(*memory, places, pages);
  for (const Place place : places) memory->drop(place);
  EXPECT_EQ(memory->statistics().disk_bytes, 0u);
}

TEST(Compressed, SendsOnAtOnceWhatDoesNotCompress) {
  const auto memory = must(compressed({.bytes = 2_MiB, .next = must(swap_file({.bytes = 4_MiB}))}));
  Pages pages(100);
  for (std::size_t i = 0; i < pages.size(); ++i) pages.fill_randomly(i, i);
  const auto places = put_all(*memory, pages);
  EXPECT_EQ(memory->statistics().written, 100u);
  EXPECT_EQ(memory->statistics().compressed_pages, 0u);
  expect_all(*memory, places, pages);
}

TEST(Compressed, KeepsAsItIsWhatDoesNotCompressWhereThereIsNoNext) {
  const auto memory = must(compressed({.bytes = 2_MiB}));
  Pages pages(100);
  for (std::size_t i = 0; i < pages.size(); ++i) pages.fill_randomly(i, i);
  expect_all(*memory, put_all(*memory, pages), pages);
}

TEST(Compressed, UsesMemoryThatWasLeftInPieces) {
  const auto memory = must(compressed({.bytes = 2_MiB}));
  Pages small(8000);
  for (std::size_t i = 0; i < small.size(); ++i) {  // 400 bytes or so
    Pages one(1);
    one.fill_randomly(0, i);
    std::memcpy(small[i], one[0], 380);
  }
  std::vector<Place> places(small.size());
  (void)memory->put(small.read(), places);
  std::size_t taken = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i] == Place::none) continue;
    ++taken;
    if (i % 8 != 0) memory->drop(std::exchange(places[i], Place::none));
  }
  ASSERT_GT(taken, 2000u);
  // An eighth of each slab is in use; seven of eight bytes are to be had all the same.
  Pages large(300);
  for (std::size_t i = 0; i < large.size(); ++i) large.fill_randomly(i, 100'000 + i);
  const auto kept = put_all(*memory, large);
  expect_all(*memory, kept, large);
  Pages back(1);
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i] == Place::none) continue;
    ASSERT_TRUE(holds(memory->get({&places[i], 1}, back.all())));
    ASSERT_TRUE(back.same(0, small, i));
  }
}

TEST(Compressed, LosesNothingWhatIsDroppedWhileItGoesOn) {
  const auto memory =
      must(compressed({.bytes = 1_MiB, .next = must(swap_file({.bytes = 16_MiB}))}));
  Pages pages(60);
  for (std::size_t i = 0; i < pages.size(); ++i) pages.fill_loosely(i, i);
  const auto from = pages.read();
  std::array<std::vector<Place>, 40> rounds_of;
  sync::atomic<int> put{0};
  together(2, [&](unsigned thread) {
    if (thread == 0) {
      for (std::size_t round = 0; round < rounds_of.size(); ++round) {
        rounds_of[round].resize(pages.size());
        EXPECT_TRUE(holds(memory->put(from, rounds_of[round])));
        put.store(static_cast<int>(round) + 1, sync::release);
      }
      return;
    }
    Pages back(pages.size());
    for (std::size_t round = 0; round < rounds_of.size(); ++round) {
      while (put.load(sync::acquire) <= static_cast<int>(round)) std::this_thread::yield();
      EXPECT_TRUE(holds(memory->get(rounds_of[round], back.all())));
      for (std::size_t i = 0; i < pages.size(); ++i) EXPECT_TRUE(back.same(i, pages, i));
      for (const Place place : rounds_of[round]) memory->drop(place);
    }
  });
  EXPECT_EQ(memory->statistics().pages, 0u);
  EXPECT_EQ(memory->statistics().disk_bytes, 0u);
}

TEST(Compressed, SaysWhatItCannotBe) {
  EXPECT_TRUE(fails_with(compressed({.bytes = 1_MiB - 1}), Errc::bad_argument));
  EXPECT_TRUE(fails_with(compressed({.bytes = 1_MiB, .pages = 1'000'000}), Errc::bad_argument));
}

TEST(Compressed, IsMadeBeforeANextThatHoldsMoreThanItCanName) {
  const auto memory = must(compressed({.bytes = 1_MiB, .next = must(swap_file({.bytes = 1_GiB}))}));
  EXPECT_EQ(memory->most_pages(), 512u * 1024 / 24);
}

TEST(Compressed, HasNoMorePagesThanItMay) {
  const auto memory = must(compressed({.bytes = 2_MiB, .pages = 50}));
  EXPECT_EQ(memory->most_pages(), 50u);
  Pages pages(60);
  std::vector<Place> places(pages.size());
  const auto put = memory->put(pages.read(), places);
  ASSERT_TRUE(fails_with(put, Errc::no_memory));
  EXPECT_NE(std::string(put.error().what).find("pages"), std::string::npos);
  EXPECT_EQ(std::count(places.begin(), places.end(), Place::none), 10);
}

}  // namespace
}  // namespace cleave::detail
