// Figures with their words.
#include "lab/words/counted.h"

#include <gtest/gtest.h>

namespace lab::words {
namespace {

TEST(Counted, HasASingularForOneAlone) {
  EXPECT_EQ(counted(0, "run"), "0 runs");
  EXPECT_EQ(counted(1, "run"), "1 run");
  EXPECT_EQ(counted(2, "random run"), "2 random runs");
}

}  // namespace
}  // namespace lab::words
