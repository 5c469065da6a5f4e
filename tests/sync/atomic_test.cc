#include <cstdint>

#include <gtest/gtest.h>

#include <cleave/detail/atomic.h>

#include "tests/support/sanitized.h"
#include "tests/support/together.h"

namespace cleave::detail::sync {
namespace {

TEST(Atomic, StartsAtZeroOrWhereItIsTold) {
  const atomic<std::uint32_t> zero;
  const atomic<std::uint32_t> seven{7};
  const atomic<int*> pointer;
  EXPECT_EQ(zero.load(relaxed), 0u);
  EXPECT_EQ(seven.load(acquire), 7u);
  EXPECT_EQ(pointer.load(acquire), nullptr);
}

TEST(Atomic, EveryUpdateGivesWhatWasThere) {
  atomic<std::uint64_t> value{5};
  EXPECT_EQ(value.exchange(8, acq_rel), 5u);
  EXPECT_EQ(value.fetch_add(2, relaxed), 8u);
  EXPECT_EQ(value.fetch_sub(9, seq_cst), 10u);
  value.add(4, release);
  value.sub(2, relaxed);
  EXPECT_EQ(value.peek(), 3u);
}

TEST(Atomic, ACompareExchangeThatFailsTellsWhatIsThereAndChangesNothing) {
  for (const Order order : {relaxed, acquire, release, acq_rel, seq_cst}) {
    atomic<std::uint64_t> value{5};
    std::uint64_t expected = 4;
    EXPECT_FALSE(value.compare_exchange(expected, 9, order));
    EXPECT_EQ(expected, 5u);
    EXPECT_EQ(value.load(relaxed), 5u);
    EXPECT_TRUE(value.compare_exchange(expected, 9, order));
    EXPECT_EQ(value.load(relaxed), 9u);
  }
}

TEST(Atomic, NoAddIsLost) {
  constexpr unsigned kThreads = 4;
  const auto each = static_cast<std::uint64_t>(rounds(100'000));
  atomic<std::uint64_t> value;
  together(kThreads, [&](unsigned i) {
    for (std::uint64_t n = 0; n < each; ++n) {
      if (i % 2 == 0) {
        value.add(3, relaxed);
        value.sub(2, relaxed);
      } else {
        (void)value.fetch_add(3, relaxed);
        (void)value.fetch_sub(2, relaxed);
      }
    }
  });
  EXPECT_EQ(value.load(relaxed), kThreads * each);
}

TEST(Atomic, AReleaseStorePublishesWhatWasWrittenBefore) {
  for (int n = 0; n < rounds(500); ++n) {
    int data = 0;
    atomic<std::uint32_t> ready{0};
    together(2, [&](unsigned i) {
      if (i == 0) {
        data = 42;
        ready.store(1, release);
      } else {
        while (ready.load(acquire) == 0) std::this_thread::yield();
        EXPECT_EQ(data, 42);
      }
    });
  }
}

}  // namespace
}  // namespace cleave::detail::sync
