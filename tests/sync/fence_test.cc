#include "cleave/sync/fence.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "cleave/sync/atomic.h"
#include "tests/support/sanitized.h"
#include "tests/support/together.h"

namespace cleave::sync {
namespace {

// Dekker's pattern: each side stores, fences and looks at the other's store. A processor that lets
// loads pass earlier stores shows both sides nothing, unless the pair of fences works.
TEST(Fences, OfALightAndAHeavySideOneSeesTheOther) {
  const int kRounds = rounds(40'000);
  struct alignas(64) Flag {
    atomic<int> set{0};
  };
  Flag light_side;
  Flag heavy_side;
  std::vector<int> light_saw(static_cast<std::size_t>(kRounds));
  std::vector<int> heavy_saw(static_cast<std::size_t>(kRounds));
  Flag at_start[2];
  together(2, [&](unsigned i) {
    for (int n = 0; n < kRounds; ++n) {
      // Both begin the round within a few instructions of each other.
      at_start[i].set.store(n + 1, seq_cst);
      for (unsigned spins = 0; at_start[1 - i].set.load(seq_cst) <= n; ++spins) {
        if (spins > 1000) std::this_thread::yield();
      }
      const auto round = static_cast<std::size_t>(n);
      if (i == 0) {
        light_side.set.store(n + 1, relaxed);
        light_fence("test.light");
        light_saw[round] = heavy_side.set.load(relaxed);
      } else {
        heavy_side.set.store(n + 1, relaxed);
        heavy_fence("test.heavy");
        heavy_saw[round] = light_side.set.load(relaxed);
      }
    }
  });
  for (int n = 0; n < kRounds; ++n) {
    const auto round = static_cast<std::size_t>(n);
    ASSERT_TRUE(light_saw[round] > n || heavy_saw[round] > n) << "round " << n;
  }
}

TEST(Fences, AreAsymmetricOnAnyKernelOfTheLastYears) { EXPECT_TRUE(asymmetric_fences); }

}  // namespace
}  // namespace cleave::sync
