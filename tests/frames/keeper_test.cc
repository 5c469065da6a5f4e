#include "cleave/frames/keeper.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/support/failure.h"
#include "tests/support/on_a_pool.h"

namespace cleave {
namespace {

class KeeperTest : public OnAPool {
 protected:
  KeeperTest() : OnAPool(std::uint64_t{5} << 20) {}
  // All frames, taken once and given back.
  void free_all() {
    must(pool.reserve(std::uint64_t{5} << 20));
    FrameChain all;
    for (std::uint64_t i = 0; i < pool.statistics().budget; ++i) {
      const FrameId frame = must(frames.take()).frame;
      EXPECT_TRUE(frames.state(frame).drop());
      all.push(frame, frames.links());
    }
    frames.give(all);
  }
  Frames& frames = pool.frames();
};

TEST_F(KeeperTest, CutsThePoolIntoStretchesWithoutTheZeroFrame) {
  const Keeper keeper(frames);
  EXPECT_EQ(keeper.stretches(), 3u);
  EXPECT_EQ(keeper.first(0), FrameId{1});
  EXPECT_EQ(keeper.end(0), 512u);
  EXPECT_EQ(keeper.first(1), FrameId{512});
  EXPECT_EQ(keeper.end(2), 1281u);
}

TEST_F(KeeperTest, HasLargerStretchesInALargePool) {
  Pool large = must(Pool::create(std::uint64_t{1} << 40));
  const Keeper keeper(large.frames());
  EXPECT_LE(keeper.stretches(), Keeper::kMostStretches);
  EXPECT_GT(keeper.stretches(), Keeper::kMostStretches / 2 - 1);
}

TEST_F(KeeperTest, DoesNotKeepWhatHasNoMemoryYet) {
  Keeper keeper(frames);
  must(frames.take().map([&](Frames::Taken t) {
    EXPECT_TRUE(frames.state(t.frame).drop());
    FrameChain one;
    one.push(t.frame, frames.links());
    frames.give(one);
  }));
  EXPECT_FALSE(keeper.keep(0));
  EXPECT_FALSE(keeper.keeps(FrameId{1}));
}

TEST_F(KeeperTest, DoesNotKeepWhatWasGivenBack) {
  free_all();
  must(pool.trim());
  Keeper keeper(frames);
  EXPECT_FALSE(keeper.keep(0));
}

TEST_F(KeeperTest, TrimPassesKeptFramesBy) {
  free_all();
  {
    Keeper keeper(frames);
    Keeper another(frames);
    ASSERT_TRUE(keeper.keep(1));
    ASSERT_TRUE(another.keep(2));
    EXPECT_EQ(must(pool.trim()).value, 511 * kPageSize);
    EXPECT_EQ(pool.statistics().free, 1280u - 511);
    keeper.let_go(1);
    EXPECT_EQ(must(pool.trim()).value, 512 * kPageSize);
  }
  EXPECT_EQ(must(pool.trim()).value, 257 * kPageSize);
}

TEST_F(KeeperTest, AnEndedPoolFindsItsKeepers) {
  EXPECT_DEATH(
      {
        Pool own = must(Pool::create(std::uint64_t{1} << 20));
        alignas(Keeper) static std::byte memory[sizeof(Keeper)];
        new (memory) Keeper(own.frames());
        Pool gone = std::move(own);
      },
      "before the rings");
}

}  // namespace
}  // namespace cleave
