// Which slots of a swap file are taken.
#include "backing/swap/slots.h"

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace cleave::detail::backing {
namespace {

struct Some {
  explicit Some(std::uint64_t count, std::uint64_t fresh = 0) : words(SwapSlots::words_for(count)) {
    slots.begin(words, count, fresh);
  }
  std::vector<std::uint64_t> words;
  SwapSlots slots;
};

TEST(Slots, AreTakenInStretches) {
  Some some(1000);
  for (const std::uint64_t most : {1u, 64u, 100u, 500u}) {
    EXPECT_EQ(some.slots.take(most).count, most);
  }
  EXPECT_EQ(some.slots.take(500).count, 1000u - 665u);
  EXPECT_EQ(some.slots.take(1).count, 0u);
}

TEST(Slots, AreTakenAgainBeforeFreshOnesAre) {
  Some some(1000);
  const Stretch first = some.slots.take(200);
  (void)some.slots.take(100);
  some.slots.give(first);
  const Stretch again = some.slots.take(150);
  EXPECT_EQ(again.first, 0u);
  EXPECT_EQ(again.count, 150u);
  // No such stretch is left among those that were written.
  EXPECT_EQ(some.slots.take(150).first, 300u);
}

TEST(Slots, AreTakenInTheLongestStretchWhereThereIsNoneThatIsLongEnough) {
  Some some(256);
  (void)some.slots.take(256);
  some.slots.give({10, 3});
  some.slots.give({60, 9});
  some.slots.give({200, 5});
  const Stretch run = some.slots.take(100);
  EXPECT_EQ(run.first, 60u);
  EXPECT_EQ(run.count, 9u);
}

TEST(Slots, AreNeverTakenTwice) {
  constexpr std::uint64_t kCount = 777;
  Some some(kCount);
  std::set<std::uint64_t> taken;
  std::mt19937 random(3);
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 2 == 0) {
      const std::uint64_t most = 1 + random() % 100;
      const Stretch run = some.slots.take(most);
      ASSERT_LE(run.count, most);
      ASSERT_EQ(run.count == 0, taken.size() == kCount);
      ASSERT_LE(run.first + run.count, kCount);
      for (std::uint64_t i = 0; i < run.count; ++i) {
        ASSERT_TRUE(taken.insert(run.first + i).second);
      }
    } else {
      for (std::uint64_t i = random() % 80; i > 0 && !taken.empty(); --i) {
        auto at = taken.lower_bound(random() % kCount);
        if (at == taken.end()) at = taken.begin();
        some.slots.give({*at, 1});
        taken.erase(at);
      }
    }
    ASSERT_EQ(some.slots.used(), taken.size());
  }
}

}  // namespace
}  // namespace cleave::detail::backing
