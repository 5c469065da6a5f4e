#include <cstdint>

#include <gtest/gtest.h>

#include "base/handle_access.h"
#include "frames/frames.h"
#include "table/geometry.h"
#include "table/node.h"
#include "table/table.h"
#include "tests/support/failure.h"
#include "tests/support/on_a_pool.h"
#include "tests/table/crowded.h"
#include "tests/table/tree.h"

namespace cleave::detail {
namespace {

class ManyReferences : public OnAPool {};

TEST_F(ManyReferences, AreRefusedToTheOneAboveTheLimit) {
  Tree tree(pool);
  const FrameId frame = tree.write(PageNo{1}, 1).frame;
  const Crowded crowded(pool, frame);
  EXPECT_FALSE(HandleAccess::state(pool).state(frame).share());
  EXPECT_FALSE(share(entry_for(frame), HandleAccess::state(pool)));
  EXPECT_EQ(HandleAccess::state(pool).state(frame).references(), FrameState::kMostReferences);
}

// Whoever would have to share the page once more, to copy the node above it, cannot.
TEST_F(ManyReferences, StopACopyOfTheNodeAndChangeNothing) {
  Tree one(pool);
  const FrameId crowded_frame = one.write(PageNo{1}, 11).frame;
  one.write(PageNo{0}, 10);
  Tree two(pool);
  two.share(one);
  const auto nodes = pool.statistics().nodes;
  {
    const Crowded crowded(pool, crowded_frame);
    EXPECT_TRUE(fails_with(two.own(PageNo{0}), Errc::no_memory));
    EXPECT_EQ(HandleAccess::state(pool).state(crowded_frame).references(),
              FrameState::kMostReferences);
    EXPECT_TRUE(differences(one, two).empty());
    EXPECT_LE(pool.statistics().nodes, nodes + kMostLevels);
  }
  two.write(PageNo{0}, 20);
  EXPECT_EQ(one.read(PageNo{0}), 10);
  EXPECT_EQ(two.read(PageNo{0}), 20);
  EXPECT_EQ(two.read(PageNo{1}), 11);
}

}  // namespace
}  // namespace cleave::detail
