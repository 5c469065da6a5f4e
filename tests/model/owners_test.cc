#include "lab/model/world/owners.h"

#include <gtest/gtest.h>

namespace lab::model {
namespace {

Owners maps_of(std::initializer_list<int> processes) {
  Owners owners;
  for (const int process : processes) {
    owners = process > 0 ? with_map(owners, static_cast<std::uint8_t>(process))
                         : without_map(owners, static_cast<std::uint8_t>(-process));
  }
  return owners;
}

TEST(Owners, AreOneWhileOneProcessMaps) {
  EXPECT_TRUE(maps_of({}).one_process());
  EXPECT_TRUE(maps_of({1}).one_process());
  EXPECT_TRUE(maps_of({1, 1, 1}).one_process());
}

TEST(Owners, AreSeveralFromTheFirstForeignMap) { EXPECT_FALSE(maps_of({1, 1, 2}).one_process()); }

TEST(Owners, AreOneAgainWhenTheOtherIsGone) {
  EXPECT_FALSE(maps_of({1, 1, 2, 2, -2}).one_process());
  EXPECT_TRUE(maps_of({1, 1, 2, 2, -2, -2}).one_process());
  EXPECT_TRUE(maps_of({1, 1, 2, 2, -1, -1}).one_process());
}

TEST(Owners, OverlookAThirdProcessThatIsLeftAlone) {
  const Owners left = maps_of({1, 1, 2, 2, 3, 3, -1, -1, -2, -2});
  EXPECT_EQ(left.maps, 2);
  EXPECT_FALSE(left.one_process()) << "shared, for all it knows";
  EXPECT_TRUE(without_map(left, 3).one_process()) << "one map is one process'";
}

TEST(Owners, GiveAFreedSlotToTheNext) {
  EXPECT_FALSE(maps_of({1, 2, 2, -1, 3}).one_process());
  EXPECT_TRUE(maps_of({1, 2, 2, -1, 3, -2, -2, 3}).one_process());
}

}  // namespace
}  // namespace lab::model
