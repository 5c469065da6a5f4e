#include "lab/kernel/chance.h"

#include <cmath>

#include <gtest/gtest.h>

namespace lab::kernel {
namespace {

double missed(double rare, std::uint64_t runs) {
  return std::pow(1 - 1 / rare, static_cast<double>(runs));
}

TEST(Chance, SoManyRunsSeeWhatIsNotRarerAndOneLessDoNot) {
  for (const double rare : {2.0, 20.0, 200.0, 1e6}) {
    const std::uint64_t runs = runs_to_see(rare);
    EXPECT_LE(missed(rare, runs), 1 - kSureness) << rare;
    EXPECT_GT(missed(rare, runs - 1), 1 - kSureness) << rare;
  }
}

TEST(Chance, MoreRunsSeeWhatIsRarer) {
  EXPECT_LT(rarest_seen(10), rarest_seen(11));
  for (const std::uint64_t runs : {1U, 20U, 919U}) {
    EXPECT_NEAR(missed(rarest_seen(runs), runs), 1 - kSureness, 1e-9) << runs;
  }
}

}  // namespace
}  // namespace lab::kernel
