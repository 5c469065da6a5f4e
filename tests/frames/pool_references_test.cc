#include "frames/pool_references.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace cleave::detail {
namespace {

TEST(PoolReferences, TheLastHandleEndsAPoolThatHasNothingInIt) {
  PoolReferences references;
  EXPECT_TRUE(references.release());
}

TEST(PoolReferences, ASpaceKeepsThePoolAfterItsHandle) {
  PoolReferences references;
  references.retain_for_space();
  EXPECT_EQ(references.spaces(), 1U);
  EXPECT_FALSE(references.release());
  EXPECT_TRUE(references.release_for_space());
}

TEST(PoolReferences, APinKeepsThePoolAfterAllElse) {
  PoolReferences references;
  const std::uint8_t place = references.retain_pins(1, 3);
  EXPECT_FALSE(references.release());
  EXPECT_EQ(references.pins(1), 3U);
  EXPECT_EQ(references.pins(0), 0U);
  EXPECT_FALSE(references.release_pins(place, 2));
  EXPECT_TRUE(references.release_pins(place, 1));
}

TEST(PoolReferences, PinsOfBothTermsKeepIt) {
  PoolReferences references;
  const std::uint8_t brief = references.retain_pins(0, 1);
  const std::uint8_t lasting = references.retain_pins(1, 1);
  EXPECT_FALSE(references.release());
  EXPECT_FALSE(references.release_pins(lasting, 1));
  EXPECT_TRUE(references.release_pins(brief, 1));
}

TEST(PoolReferences, APinMayBeReleasedByAnotherThread) {
  PoolReferences references;
  std::uint8_t place = 0;
  std::thread([&] { place = references.retain_pins(0, 5); }).join();
  EXPECT_EQ(references.pins(0), 5U);
  EXPECT_FALSE(references.release_pins(place, 5));
  EXPECT_EQ(references.pins(0), 0U);
  EXPECT_TRUE(references.release());
}

// Pins of several threads go while the last handle does: the pool ends once, whoever is last.
TEST(PoolReferences, EndsOnceHoweverItsHoldersGo) {
  constexpr int kRounds = 500;
  constexpr int kThreads = 3;
  for (int round = 0; round < kRounds; ++round) {
    PoolReferences references;
    std::atomic<int> ready{0};
    std::atomic<int> ended{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back([&] {
        const std::uint8_t place = references.retain_pins(0, 2);
        ready.fetch_add(1);
        while (ready.load() <= kThreads) std::this_thread::yield();
        if (references.release_pins(place, 2)) ended.fetch_add(1);
      });
    while (ready.load() < kThreads) std::this_thread::yield();
    ready.fetch_add(1);
    if (references.release()) ended.fetch_add(1);
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(ended.load(), 1);
  }
}

}  // namespace
}  // namespace cleave::detail
