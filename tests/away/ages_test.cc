// Which pages go: not those that a program meets again and again, while others come once.
#include "frames/away/ages.h"

#include "tests/away/on_little_memory.h"

namespace cleave::detail {
namespace {

constexpr Slot kSlot{1};

class AgesTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(ages.reserve(1)); }
  int rounds_until_its_turn() {
    int rounds = 0;
    while (!ages.sink(kSlot)) ++rounds;
    return rounds;
  }

  Ages ages;
};

TEST_F(AgesTest, WhatCameAndIsNotMetAgainGoesTheFirstTime) {
  ages.begin(kSlot, false);
  EXPECT_EQ(rounds_until_its_turn(), 0);
}

TEST_F(AgesTest, WhatWasMetInMoreRoundsIsLeftAloneForMoreRounds) {
  ages.begin(kSlot, false);
  for (int met = 1; met <= Ages::kHighest; ++met) {
    ages.begin(kSlot, false);
    for (int i = 0; i < met; ++i) ages.rise(kSlot);
    EXPECT_EQ(rounds_until_its_turn(), met);
  }
}

TEST_F(AgesTest, NothingRisesForEver) {
  for (int i = 0; i < 1000; ++i) ages.rise(kSlot);
  EXPECT_EQ(rounds_until_its_turn(), Ages::kHighest);
}

TEST_F(AgesTest, TheMarkOfANewPageDoesNotCount) {
  ages.begin(kSlot, true);
  EXPECT_EQ(rounds_until_its_turn(), 0);
  ages.begin(kSlot, true);
  ages.rise(kSlot);
  EXPECT_EQ(rounds_until_its_turn(), 0);
  ages.rise(kSlot);
  EXPECT_EQ(rounds_until_its_turn(), 1);
}

class AgesOfPages : public OnLittleMemory {
 protected:
  static void meet(Space& space, std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t n = first; n < first + count; ++n) {
      std::uint64_t seen = 0;
      must(space.read(page_at(n), std::as_writable_bytes(std::span(&seen, 1))));
      ASSERT_EQ(seen, 1000 + n);
    }
  }
};

TEST_F(AgesOfPages, ThatAreMetAllTheTimeStayWhileOthersComeOnce) {
  constexpr std::uint64_t kOften = 8;
  Space space = space_of(100);
  fill(space, 100, 1000);
  // They have to be met to be known.
  for (int round = 0; round < 4; ++round) meet(space, 0, kOften);
  const std::uint64_t came = pool.statistics().came;
  for (std::uint64_t n = kOften; n < 100; ++n) {
    meet(space, n, 1);
    meet(space, 0, kOften);
  }
  EXPECT_LE(pool.statistics().came - came, 100 - kOften) << "those that are met again went, too";
}

TEST_F(AgesOfPages, GoThoughTheyWereMetAllTheTimeOnceTheyAreNot) {
  constexpr std::uint64_t kOften = 8;
  Space space = space_of(100);
  fill(space, 100, 1000);
  for (int round = 0; round < 10; ++round) {
    meet(space, 0, kOften);
    meet(space, 50, 1);
    (void)pool.evict(kPageSize);
  }
  for (int round = 0; round < 20; ++round) meet(space, 20, 12);
  for (std::uint64_t n = 0; n < kOften; ++n) EXPECT_FALSE(is_here(space, n)) << n;
}

}  // namespace
}  // namespace cleave::detail
