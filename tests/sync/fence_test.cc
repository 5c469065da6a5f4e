#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/detail/atomic.h>

#include "sync/heavy_fence.h"
#include "tests/support/sanitized.h"
#include "tests/support/together.h"

namespace cleave::detail::sync {
namespace {

// The delays that are tried with each other, and how many pairs of them there are.
constexpr int kLongest = 61;
constexpr int kDelays = kLongest * kLongest;

// Dekker's pattern: each side stores, fences and looks at the other's store. A processor that lets
// loads pass earlier stores shows both sides nothing, unless the pair of fences works. How many
// rounds did?
template <class Light, class Heavy>
int rounds_that_saw_nothing(int count, Light light, Heavy heavy) {
  struct alignas(64) Flag {
    atomic<int> set{0};
  };
  Flag light_side;
  Flag heavy_side;
  Flag at_start[2];
  const auto size = static_cast<std::size_t>(count);
  std::vector<int> light_saw(size);
  std::vector<int> heavy_saw(size);
  together(2, [&](unsigned i) {
    for (int n = 0; n < count; ++n) {
      at_start[i].set.store(n + 1, seq_cst);
      for (unsigned spins = 0; at_start[1 - i].set.load(seq_cst) <= n; ++spins) {
        if (spins > 1000) std::this_thread::yield();
      }
      // One side leaves the loop first, by some tens of ns that differ from machine to machine.
      // Some of these delays, whichever side they are on, let both arrive together.
      for (int delay = i == 0 ? n % kLongest : n / kLongest % kLongest; delay > 0; --delay) {
        std::atomic_signal_fence(std::memory_order_seq_cst);
      }
      const auto round = static_cast<std::size_t>(n);
      if (i == 0) {
        light_side.set.store(n + 1, relaxed);
        light();
        light_saw[round] = heavy_side.set.load(relaxed);
      } else {
        heavy_side.set.store(n + 1, relaxed);
        heavy();
        heavy_saw[round] = light_side.set.load(relaxed);
      }
    }
  });
  int nothing = 0;
  for (int n = 0; n < count; ++n) {
    const auto round = static_cast<std::size_t>(n);
    nothing += light_saw[round] <= n && heavy_saw[round] <= n ? 1 : 0;
  }
  return nothing;
}

void no_fence() { std::atomic_signal_fence(std::memory_order_seq_cst); }

TEST(Fences, OfALightAndAHeavySideOneSeesTheOther) {
  const int count = rounds(3 * kDelays);
  EXPECT_EQ(rounds_that_saw_nothing(
                count, [] { light_fence("test.light"); }, [] { heavy_fence("test.heavy"); }),
            0);
}

TEST(Fences, AreNeededOnThisMachine) {
  // Tells whether the test above could fail here: both threads must really run at once.
  const int nothing = rounds_that_saw_nothing(rounds(kDelays), no_fence, no_fence);
  RecordProperty("rounds_that_saw_nothing", nothing);
  if (nothing == 0) GTEST_SKIP() << "the threads never met";
  EXPECT_GT(nothing, 0);
}

TEST(Fences, AreAsymmetricOnAnyKernelOfTheLastYears) { EXPECT_TRUE(has_asymmetric_fences()); }

// As in a program whose first allocation comes before the library's static constructors.
TEST(Fences, AreAskedForByWhoNeedsThemFirst) {
  fences.store(Fences::not_asked);
  EXPECT_TRUE(has_asymmetric_fences());
  EXPECT_EQ(fences.load(), Fences::asymmetric);
}

}  // namespace
}  // namespace cleave::detail::sync
