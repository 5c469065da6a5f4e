#include "frames/state/frame_state.h"

#include <cstdint>

#include <gtest/gtest.h>

#include "frames/frames.h"
#include "tests/support/sanitized.h"
#include "tests/support/together.h"

namespace cleave::detail {
namespace {

TEST(FrameState, IsFreeUntilOwned) {
  FrameState state;
  EXPECT_EQ(state.references(), 0u);
  state.own();
  EXPECT_EQ(state.references(), 1u);
}

TEST(FrameState, TheLastDropAndOnlyThatSaysSo) {
  FrameState state;
  state.own();
  EXPECT_TRUE(state.share());
  EXPECT_TRUE(state.share());
  EXPECT_EQ(state.references(), 3u);
  EXPECT_FALSE(state.drop());
  EXPECT_FALSE(state.drop());
  EXPECT_TRUE(state.drop());
  EXPECT_EQ(state.references(), 0u);
}

TEST(FrameState, OfManyThreadsThatDropOneIsTheLast) {
  for (int n = 0; n < rounds(300); ++n) {
    FrameState state;
    state.own();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(state.share());
    std::atomic<int> last{0};
    together(4, [&](unsigned) { last += state.drop() ? 1 : 0; });
    ASSERT_EQ(last, 1);
    ASSERT_EQ(state.references(), 0u);
  }
}

TEST(FrameState, CountsWhileManyThreadsShareAndDrop) {
  FrameState state;
  state.own();
  together(4, [&](unsigned) {
    for (int n = 0; n < rounds(50'000); ++n) {
      ASSERT_TRUE(state.share());
      ASSERT_FALSE(state.drop());
    }
  });
  EXPECT_EQ(state.references(), 1u);
}

TEST(FrameState, IsOneWordAndLeavesRoomAboveItsLimit) {
  EXPECT_EQ(sizeof(FrameState), 8u);
  EXPECT_LE(FrameState::kMostReferences, std::uint64_t{1} << 31);
}

}  // namespace
}  // namespace cleave::detail
