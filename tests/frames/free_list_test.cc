#include "frames/slots/free_list.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "frames/frames.h"
#include "tests/support/failure.h"
#include "tests/support/sanitized.h"
#include "tests/support/together.h"

namespace cleave::detail {
namespace {

constexpr std::uint32_t kFrames = 64;

class FreeFrames : public testing::Test {
 protected:
  void push(std::uint32_t frame) {
    FrameChain chain;
    chain.push(FrameId{frame}, links.get());
    list.push(chain, links.get());
  }
  FrameId pop() { return list.pop(links.get()); }

  std::unique_ptr<sync::atomic<std::uint32_t>[]> links =
      std::make_unique<sync::atomic<std::uint32_t>[]>(kFrames + 1);
  FreeList<FrameId> list;
};

TEST_F(FreeFrames, OfAnEmptyListAreNone) {
  EXPECT_EQ(pop(), kZeroFrame);
  EXPECT_EQ(list.pop_all(), kZeroFrame);
}

TEST_F(FreeFrames, ComeLastInFirstOut) {
  push(3);
  push(5);
  push(4);
  EXPECT_EQ(pop(), FrameId{4});
  EXPECT_EQ(pop(), FrameId{5});
  push(9);
  EXPECT_EQ(pop(), FrameId{9});
  EXPECT_EQ(pop(), FrameId{3});
  EXPECT_EQ(pop(), kZeroFrame);
}

TEST_F(FreeFrames, ArePushedAsAChainAtOnce) {
  push(1);
  FrameChain chain;
  EXPECT_TRUE(chain.empty());
  for (const std::uint32_t frame : {2u, 3u, 4u}) chain.push(FrameId{frame}, links.get());
  EXPECT_EQ(chain.count, 3u);
  EXPECT_EQ(chain.first, FrameId{4});
  EXPECT_EQ(chain.last, FrameId{2});
  list.push(chain, links.get());
  for (const std::uint32_t frame : {4u, 3u, 2u, 1u}) EXPECT_EQ(pop(), FrameId{frame});
}

TEST_F(FreeFrames, ArePoppedAsAChainOfAsManyAsThereAre) {
  for (const std::uint32_t frame : {7u, 8u, 9u}) push(frame);
  FrameChain two = list.pop_chain(2, links.get());
  EXPECT_EQ(two.count, 2u);
  EXPECT_EQ(two.last, FrameId{8});
  EXPECT_EQ(two.pop(links.get()), FrameId{9});
  EXPECT_EQ(two.pop(links.get()), FrameId{8});
  EXPECT_TRUE(two.empty());
  EXPECT_EQ(list.pop_chain(5, links.get()).count, 1u);
  EXPECT_TRUE(list.pop_chain(5, links.get()).empty());
}

TEST_F(FreeFrames, ArePoppedAllAtOnce) {
  for (const std::uint32_t frame : {7u, 8u, 9u}) push(frame);
  std::vector<std::uint32_t> all;
  for (FrameId f = list.pop_all(); f != kZeroFrame;
       f = FrameId{links[raw(f)].load(sync::relaxed)}) {
    all.push_back(raw(f));
  }
  EXPECT_EQ(all, (std::vector<std::uint32_t>{9, 8, 7}));
  EXPECT_EQ(pop(), kZeroFrame);
}

// Each frame has a holder at any time: the list or one thread.
TEST_F(FreeFrames, AreNeitherLostNorGivenTwice) {
  for (std::uint32_t frame = 1; frame <= kFrames; ++frame) push(frame);
  std::array<std::atomic<int>, kFrames + 1> holders{};
  together(4, [&](unsigned thread) {
    std::vector<std::uint32_t> held;
    for (int n = 0; n < rounds(40'000); ++n) {
      const std::size_t few = 1 + (static_cast<unsigned>(n) + thread) % 5;
      for (FrameChain taken = list.pop_chain(few, links.get()); !taken.empty();) {
        const std::uint32_t frame = raw(taken.pop(links.get()));
        ASSERT_EQ(holders[frame].fetch_add(1), 0) << "frame " << frame << " was given twice";
        held.push_back(frame);
      }
      FrameChain chain;
      for (const std::uint32_t frame : held) {
        holders[frame].fetch_sub(1);
        chain.push(FrameId{frame}, links.get());
      }
      held.clear();
      if (!chain.empty()) list.push(chain, links.get());
    }
  });
  std::vector<std::uint32_t> all;
  for (FrameId f = pop(); f != kZeroFrame; f = pop()) all.push_back(raw(f));
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), kFrames);
  for (std::uint32_t i = 0; i < kFrames; ++i) EXPECT_EQ(all[i], i + 1);
}

}  // namespace
}  // namespace cleave::detail
