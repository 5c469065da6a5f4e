#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>
#include <cleave/pool.h>

#include "base/handle_access.h"
#include "frames/frames.h"
#include "tests/support/failure.h"
#include "tests/support/on_a_pool.h"
#include "tests/support/sanitized.h"
#include "tests/support/together.h"

namespace cleave::detail {
namespace {

using namespace literals;

FrameId take(const Pool& pool) { return must(HandleAccess::state(pool).take()).frame; }

void give(const Pool& pool, const std::vector<FrameId>& frames) {
  FrameChain chain;
  for (const FrameId frame : frames) {
    ASSERT_TRUE(HandleAccess::state(pool).state(frame).drop());
    chain.push(frame, HandleAccess::state(pool).links());
  }
  HandleAccess::state(pool).give(chain);
}

bool is_zero(const Pool& pool, FrameId frame) {
  const std::byte* data = HandleAccess::state(pool).data(frame);
  return std::all_of(data, data + kPageSize, [](std::byte b) { return b == std::byte{0}; });
}

std::uint64_t bytes_behind(const Pool& pool) {
  struct stat file {};
  EXPECT_EQ(fstat(HandleAccess::state(pool).file().descriptor(), &file), 0);
  return static_cast<std::uint64_t>(file.st_blocks) * 512;
}

TEST(Pool, OfNoWholePageIsRefused) {
  EXPECT_TRUE(fails_with(Pool::create(0), Errc::bad_argument));
  EXPECT_TRUE(fails_with(Pool::create(kPageSize - 1), Errc::bad_argument));
  EXPECT_TRUE(holds(Pool::create(kPageSize)));
}

TEST(Pool, Of16TiBAndMoreIsRefused) {
  EXPECT_TRUE(fails_with(Pool::create(16_TiB), Errc::bad_argument));
  EXPECT_TRUE(fails_with(Pool::create(17_TiB), Errc::bad_argument));
  EXPECT_TRUE(fails_with(Pool::create(~std::uint64_t{0}), Errc::bad_argument));
}

TEST(Pool, OfManyTiBTakesOnlyAddresses) {
  if (kSanitized) GTEST_SKIP() << "the sanitizer needs the addresses itself";
  auto pool = Pool::create(15_TiB);
  ASSERT_TRUE(holds(pool));
  EXPECT_EQ(pool->statistics().budget, (15ull << 40) / kPageSize);
  give(*pool, {take(*pool)});
  EXPECT_LT(bytes_behind(*pool), 16u << 20);
}

TEST(Pool, RoundsItsBudgetDownToPages) {
  EXPECT_EQ(must(Pool::create(3 * kPageSize + 5)).statistics().budget, 3u);
}

TEST(Pool, GivesItsBudgetAndNotAFrameMore) {
  const Pool pool = must(Pool::create(200 * kPageSize));
  std::set<std::uint32_t> frames;
  for (int i = 0; i < 200; ++i) frames.insert(raw(take(pool)));
  EXPECT_EQ(frames.size(), 200u);
  EXPECT_EQ(frames.count(0), 0u) << "the zero frame is never handed out";
  EXPECT_TRUE(fails_with(HandleAccess::state(pool).take(), Errc::no_memory));
  EXPECT_EQ(pool.statistics().used, 200u);
  expect_adds_up(pool);

  give(pool, {FrameId{*frames.begin()}});
  EXPECT_TRUE(holds(HandleAccess::state(pool).take()));
  std::vector<FrameId> all;
  for (const auto frame : frames) all.push_back(FrameId{frame});
  give(pool, all);
  expect_nothing_left(pool);
}

TEST(Pool, AFreshFrameHasOneReferenceAndOnlyZeroes) {
  const Pool pool = must(Pool::create(1_MiB));
  const auto taken = must(HandleAccess::state(pool).take());
  EXPECT_TRUE(taken.zeroed);
  EXPECT_EQ(HandleAccess::state(pool).state(taken.frame).references(), 1u);
  EXPECT_TRUE(is_zero(pool, taken.frame));
  give(pool, {taken.frame});
}

TEST(Pool, RecyclesTheFrameThatWasGivenLast) {
  const Pool pool = must(Pool::create(1_MiB));
  const FrameId first = take(pool);
  const FrameId second = take(pool);
  give(pool, {first});
  give(pool, {second});
  const auto again = must(HandleAccess::state(pool).take());
  EXPECT_EQ(again.frame, second);
  EXPECT_FALSE(again.zeroed) << "who knows what is in it";
  EXPECT_EQ(take(pool), first);
  give(pool, {first, second});
}

TEST(Pool, TakesNoMemoryBeforeItIsNeeded) {
  const Pool pool = must(Pool::create(1_GiB));
  EXPECT_EQ(bytes_behind(pool), 0u);
  EXPECT_EQ(pool.statistics().untouched, pool.statistics().budget);
  give(pool, {take(pool)});
  EXPECT_GT(bytes_behind(pool), 0u);
  EXPECT_LT(bytes_behind(pool), 8u << 20);
}

TEST(Pool, CountsEachFrameInOnePlace) {
  Pool pool = must(Pool::create(4_MiB));
  expect_adds_up(pool);
  std::vector<FrameId> frames;
  for (int i = 0; i < 100; ++i) frames.push_back(take(pool));
  EXPECT_EQ(pool.statistics().used, 100u);
  expect_adds_up(pool);
  give(pool, frames);
  EXPECT_EQ(pool.statistics().used, 0u);
  EXPECT_EQ(pool.statistics().free, 100u);
  expect_adds_up(pool);
  EXPECT_EQ(must(pool.trim()), ByteCount{100 * kPageSize});
  EXPECT_EQ(pool.statistics().free, 0u);
  EXPECT_EQ(pool.statistics().returned, 100u);
  expect_adds_up(pool);
  frames = {take(pool)};
  expect_adds_up(pool);
  give(pool, frames);
  EXPECT_LE(pool.statistics().metadata_bytes_per_frame, 24u);
}

TEST(PoolReserve, ProvidesMemoryNow) {
  Pool pool = must(Pool::create(64_MiB));
  ASSERT_TRUE(holds(pool.reserve(10_MiB)));
  EXPECT_GE(bytes_behind(pool), 10u << 20);
  EXPECT_GE(pool.statistics().ready, (10u << 20) / kPageSize);
  expect_adds_up(pool);
  const auto before = bytes_behind(pool);
  std::vector<FrameId> frames;
  for (std::uint64_t i = 0; i < (10u << 20) / kPageSize; ++i) frames.push_back(take(pool));
  EXPECT_EQ(bytes_behind(pool), before) << "no write waits for the kernel now";
  give(pool, frames);
}

TEST(PoolReserve, DoesNotProvideTwiceWhatIsReady) {
  Pool pool = must(Pool::create(64_MiB));
  ASSERT_TRUE(holds(pool.reserve(10_MiB)));
  const auto before = bytes_behind(pool);
  ASSERT_TRUE(holds(pool.reserve(10_MiB)));
  ASSERT_TRUE(holds(pool.reserve(0)));
  EXPECT_EQ(bytes_behind(pool), before);
}

TEST(PoolReserve, TakesAllOfTheBudgetAndNoMore) {
  Pool pool = must(Pool::create(1_MiB));
  EXPECT_TRUE(fails_with(pool.reserve(1_MiB + 1), Errc::no_memory));
  EXPECT_TRUE(holds(pool.reserve(1_MiB)));
  EXPECT_EQ(pool.statistics().untouched, 0u);
  EXPECT_TRUE(fails_with(pool.reserve(2_MiB), Errc::no_memory));
  expect_adds_up(pool);
}

TEST(PoolReserve, OfMoreBytesThanThereAreIsRefused) {
  Pool pool = must(Pool::create(1_MiB));
  EXPECT_TRUE(fails_with(pool.reserve(~std::uint64_t{0}), Errc::no_memory));
}

TEST(PoolReserve, CountsFramesThatWereGivenBack) {
  Pool pool = must(Pool::create(1_MiB));
  std::vector<FrameId> frames;
  for (int i = 0; i < 256; ++i) frames.push_back(take(pool));
  give(pool, frames);
  EXPECT_TRUE(holds(pool.reserve(1_MiB))) << "all of it is free, with memory behind it";
}

TEST(PoolReserve, FetchesReturnedMemoryAgain) {
  Pool pool = must(Pool::create(1_MiB));
  std::vector<FrameId> frames;
  for (int i = 0; i < 256; ++i) frames.push_back(take(pool));
  give(pool, frames);
  EXPECT_EQ(must(pool.trim()), 1_MiB);
  EXPECT_TRUE(holds(pool.reserve(1_MiB)));
  EXPECT_EQ(bytes_behind(pool), 1u << 20);
  expect_adds_up(pool);
}

TEST(PoolTrim, GivesMemoryBackAndTheFramesComeAgainZeroed) {
  Pool pool = must(Pool::create(16_MiB));
  std::vector<FrameId> frames;
  for (int i = 0; i < 300; ++i) {
    frames.push_back(take(pool));
    std::memset(HandleAccess::state(pool).data(frames.back()), 0xcd, kPageSize);
  }
  std::vector<FrameId> kept;
  std::vector<FrameId> free;
  // Runs of several lengths, and single frames.
  for (std::size_t i = 0; i < frames.size(); ++i) {
    (i % 7 == 3 || i % 31 < 4 ? kept : free).push_back(frames[i]);
  }
  give(pool, free);
  const auto before = bytes_behind(pool);
  EXPECT_EQ(must(pool.trim()), ByteCount{free.size() * kPageSize});
  EXPECT_EQ(bytes_behind(pool), before - free.size() * kPageSize);
  for (const FrameId frame : kept) {
    EXPECT_EQ(HandleAccess::state(pool).data(frame)[4095], std::byte{0xcd})
        << "frame " << raw(frame);
  }

  // All that is left of the budget, the returned frames among it.
  std::set<FrameId> again;
  std::vector<FrameId> taken;
  while (true) {
    const auto frame = HandleAccess::state(pool).take();
    if (!frame) break;
    ASSERT_TRUE(frame->zeroed);
    ASSERT_TRUE(is_zero(pool, frame->frame));
    ASSERT_TRUE(again.insert(frame->frame).second);
    taken.push_back(frame->frame);
  }
  EXPECT_EQ(taken.size() + kept.size(), pool.statistics().budget);
  for (const FrameId frame : free) EXPECT_EQ(again.count(frame), 1u);
  give(pool, taken);
  give(pool, kept);
  expect_nothing_left(pool);
}

TEST(PoolTrim, OfNothingFreeReturnsNothing) {
  Pool pool = must(Pool::create(1_MiB));
  EXPECT_EQ(must(pool.trim()), ByteCount{0});
  const FrameId frame = take(pool);
  EXPECT_EQ(must(pool.trim()), ByteCount{0});
  give(pool, {frame});
}

TEST(PoolTrim, OnceAndAgainLosesNoFrame) {
  Pool pool = must(Pool::create(256 * kPageSize));
  for (int n = 0; n < 5; ++n) {
    std::vector<FrameId> frames;
    for (int i = 0; i < 256; ++i) frames.push_back(take(pool));
    std::swap(frames[10], frames[200]);
    give(pool, {frames.begin(), frames.begin() + 100});
    EXPECT_EQ(must(pool.trim()), ByteCount{100 * kPageSize});
    give(pool, {frames.begin() + 100, frames.end()});
    EXPECT_EQ(must(pool.trim()), ByteCount{156 * kPageSize});
    expect_adds_up(pool);
  }
}

TEST(Pool, ThreadsTakeAndGiveWhileOthersTrimReserveAndCount) {
  Pool pool = must(Pool::create(600 * kPageSize));
  {
    Meanwhile trimming([&] {
      ASSERT_TRUE(holds(pool.trim()));
      const PoolStatistics s = pool.statistics();
      ASSERT_LE(s.used, s.budget);
      std::this_thread::yield();
    });
    together(3, [&](unsigned thread) {
      for (int n = 0; n < rounds(2000); ++n) {
        std::vector<FrameId> frames;
        for (unsigned i = 0; i < 1 + thread * 20; ++i) {
          const auto taken = HandleAccess::state(pool).take();
          ASSERT_TRUE(holds(taken)) << "at most 63 of 600 are taken";
          ASSERT_TRUE(!taken->zeroed || is_zero(pool, taken->frame));
          std::memset(HandleAccess::state(pool).data(taken->frame), static_cast<int>(thread) + 1,
                      kPageSize);
          frames.push_back(taken->frame);
        }
        for (const FrameId frame : frames) {
          ASSERT_EQ(HandleAccess::state(pool).data(frame)[77], static_cast<std::byte>(thread + 1));
        }
        give(pool, frames);
      }
    });
  }
  expect_nothing_left(pool);
}

TEST(Pool, CanBeMoved) {
  Pool pool = must(Pool::create(1_MiB));
  const FrameId frame = take(pool);
  Pool moved = std::move(pool);
  give(moved, {frame});
  Pool other = must(Pool::create(2_MiB));
  other = std::move(moved);
  EXPECT_EQ(other.statistics().budget, 256u);
}

TEST(PoolDeathTest, FindsAFrameThatNothingNames) {
  EXPECT_DEATH(
      {
        const Pool pool = must(Pool::create(1_MiB));
        (void)take(pool);
      },
      "in use: a bug of cleave");
}

TEST(PoolDeathTest, StopsWhoUsesAHandleThatWasMovedFrom) {
  Pool pool = must(Pool::create(1_MiB));
  const Pool moved = std::move(pool);
  EXPECT_DEATH((void)pool.statistics(), "use of a moved-from Pool");
  EXPECT_DEATH((void)pool.trim(), "use of a moved-from Pool");
}

TEST(PoolDeathTest, StopsAWriteToTheZeroFrame) {
  const Pool pool = must(Pool::create(1_MiB));
  EXPECT_TRUE(is_zero(pool, kZeroFrame));
  EXPECT_DEATH(
      {
        *static_cast<volatile std::byte*>(HandleAccess::state(pool).data(kZeroFrame)) =
            std::byte{1};
      },
      "");
}

}  // namespace
}  // namespace cleave::detail
