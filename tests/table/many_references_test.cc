#include <gtest/gtest.h>

#include <cstdint>

#include "cleave/table/node.h"
#include "cleave/table/table.h"
#include "tests/support/failure.h"
#include "tests/support/on_a_pool.h"
#include "tests/table/crowded.h"
#include "tests/table/tree.h"

namespace cleave {
namespace {

class ManyReferences : public OnAPool {};

TEST_F(ManyReferences, AreRefusedToTheOneAboveTheLimit) {
  Tree tree(pool);
  const FrameId frame = tree.write(PageNo{1}, 1).frame;
  const Crowded crowded(pool, frame);
  EXPECT_FALSE(pool.frames().state(frame).share());
  EXPECT_FALSE(share(entry_for(frame), pool.frames()));
  EXPECT_EQ(pool.frames().state(frame).references(), FrameState::kMostReferences);
}

TEST_F(ManyReferences, AreAnsweredByACopyOfThePage) {
  Tree one(pool);
  const FrameId crowded_frame = one.write(PageNo{1}, 11).frame;
  one.write(PageNo{0}, 10);
  Tree two(pool);
  {
    const Crowded crowded(pool, crowded_frame);
    two.share(one);
    two.write(PageNo{0}, 20);  // copies the node, and with it what cannot be shared
    EXPECT_EQ(pool.frames().state(crowded_frame).references(), FrameState::kMostReferences);
  }
  EXPECT_NE(two.table.find(PageNo{1}), crowded_frame);
  EXPECT_EQ(one.table.find(PageNo{1}), crowded_frame);
  EXPECT_EQ(two.read(PageNo{1}), 11);
  EXPECT_EQ(one.read(PageNo{0}), 10);
  EXPECT_TRUE(two.owns(PageNo{1}));
}

TEST_F(ManyReferences, WithoutAFrameForTheCopyNothingChanges) {
  const Pool small = must(Pool::create(2 * kPageSize));
  {
    Tree one(small);
    const FrameId crowded_frame = one.write(PageNo{1}, 11).frame;
    one.write(PageNo{0}, 10);
    Tree two(small);
    {
      const Crowded crowded(small, crowded_frame);
      two.share(one);
      EXPECT_TRUE(fails_with(two.own(PageNo{0}), Errc::no_memory));
      EXPECT_TRUE(differences(one, two).empty());
    }
    EXPECT_EQ(two.read(PageNo{0}), 10);
    EXPECT_EQ(two.read(PageNo{1}), 11);
  }
  expect_nothing_left(small);
}

}  // namespace
}  // namespace cleave
