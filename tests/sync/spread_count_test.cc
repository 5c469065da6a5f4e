#include "cleave/sync/spread_count.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace cleave::sync {
namespace {

TEST(SpreadCount, IsZeroAtFirst) { EXPECT_EQ(SpreadCount().sum(), 0U); }

TEST(SpreadCount, MayBeLoweredByAnotherThreadThanRaisedIt) {
  SpreadCount count;
  std::thread([&] { count.add(5); }).join();
  std::thread other([&] { count.add(2); });  // alive beside this one, so with another number
  count.sub(5);
  other.join();
  EXPECT_EQ(count.sum(), 2U);
}

TEST(SpreadCount, LosesNothingOfManyThreads) {
  constexpr int kThreads = 12;
  constexpr int kTimes = 20'000;
  SpreadCount count;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < kTimes; ++n) {
        count.add(3);
        count.sub(2);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count.sum(), std::uint64_t{kThreads} * kTimes);
}

}  // namespace
}  // namespace cleave::sync
