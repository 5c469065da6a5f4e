#include "frames/slots/trim_guard.h"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "base/handle_access.h"
#include "frames/frames.h"
#include "tests/support/failure.h"
#include "tests/support/on_a_pool.h"

namespace cleave::detail {
namespace {

class TrimGuardTest : public OnAPool {
 protected:
  TrimGuardTest() : OnAPool(std::uint64_t{5} << 20) {}
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
  Frames& frames = HandleAccess::state(pool);
};

TEST_F(TrimGuardTest, CutsThePoolIntoExtentsWithoutTheZeroFrame) {
  const TrimGuard guard(frames.slots());
  EXPECT_EQ(guard.extents(), 3u);
  EXPECT_EQ(guard.first(0), Slot{1});
  EXPECT_EQ(guard.end(0), 512u);
  EXPECT_EQ(guard.first(1), Slot{512});
  EXPECT_EQ(guard.end(2), 1281u);
}

TEST_F(TrimGuardTest, HasLargerExtentsInALargePool) {
  Pool large = must(Pool::create(std::uint64_t{1} << 40));
  const TrimGuard guard(HandleAccess::state(large).slots());
  EXPECT_LE(guard.extents(), TrimGuard::kMostExtents);
  EXPECT_GT(guard.extents(), TrimGuard::kMostExtents / 2 - 1);
}

TEST_F(TrimGuardTest, DoesNotKeepWhatHasNoMemoryYet) {
  TrimGuard guard(frames.slots());
  must(frames.take().map([&](Frames::Taken t) {
    EXPECT_TRUE(frames.state(t.frame).drop());
    FrameChain one;
    one.push(t.frame, frames.links());
    frames.give(one);
  }));
  EXPECT_FALSE(guard.keep(0));
  EXPECT_FALSE(guard.keeps(Slot{1}));
}

TEST_F(TrimGuardTest, DoesNotKeepWhatWasGivenBack) {
  free_all();
  must(pool.trim());
  TrimGuard guard(frames.slots());
  EXPECT_FALSE(guard.keep(0));
}

TEST_F(TrimGuardTest, TrimPassesKeptFramesBy) {
  free_all();
  {
    TrimGuard guard(frames.slots());
    TrimGuard another(frames.slots());
    ASSERT_TRUE(guard.keep(1));
    ASSERT_TRUE(another.keep(2));
    EXPECT_EQ(must(pool.trim()).value, 511 * kPageSize);
    EXPECT_EQ(pool.statistics().free, 1280u - 511);
    guard.release(1);
    EXPECT_EQ(must(pool.trim()).value, 512 * kPageSize);
  }
  EXPECT_EQ(must(pool.trim()).value, 257 * kPageSize);
}

}  // namespace
}  // namespace cleave::detail
