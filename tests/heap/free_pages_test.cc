#include "heap/pages/free_pages.h"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

class FreePagesTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  FreePagesTest()
      : pages(GetParam()),
        memory(FreePages::bytes_for(pages) / 8 + 1),
        free(reinterpret_cast<std::byte*>(memory.data()), pages),
        model(pages, false) {
    give(1, pages - 1);
  }

  void give(std::uint32_t first, std::uint32_t count) {
    free.give(first, count);
    std::fill_n(model.begin() + first, count, true);
  }
  void note_taken(std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t i = first; i < first + count; ++i) {
      ASSERT_TRUE(model[i]);
      model[i] = false;
    }
  }
  std::uint32_t lowest(std::uint32_t count, std::uint32_t alignment, std::uint32_t base) const {
    std::uint32_t at = 1;
    while (at + count <= pages) {
      std::uint32_t run = 0;
      const bool fits = (at + base) % alignment == 0;
      while (fits && run < count && model[at + run]) ++run;
      if (run == count) return at;
      at += alignment == 1 ? run + 1 : 1;
    }
    return 0;
  }

  std::uint32_t pages;
  std::vector<std::uint64_t> memory;
  FreePages free;
  std::vector<bool> model;
};

TEST_P(FreePagesTest, AlwaysGiveTheLowestRunThatFits) {
  std::mt19937 random(pages);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> taken;
  for (int i = 0; i < rounds(1500) && !HasFatalFailure(); ++i) {
    const std::uint32_t count =
        1 + static_cast<std::uint32_t>(random() % (random() % 4 == 0 ? pages / 3 : 20));
    if (random() % 5 < 3) {
      const std::uint32_t at = free.take(count);
      ASSERT_EQ(at, lowest(count, 1, 0)) << count;
      if (at == 0) continue;
      note_taken(at, count);
      taken.emplace_back(at, count);
    } else if (!taken.empty()) {
      std::swap(taken[random() % taken.size()], taken.back());
      give(taken.back().first, taken.back().second);
      taken.pop_back();
    }
    if (i % 5 == 0) {
      ASSERT_TRUE(free.adds_up());
      ASSERT_EQ(free.count_free(), std::ranges::count(model, true));
    }
  }
}

TEST_P(FreePagesTest, GiveAnAlignedRunWhereverThereIsOne) {
  std::mt19937 random(pages);
  for (int i = 0; i < rounds(400) && !HasFatalFailure(); ++i) {
    const auto count = static_cast<std::uint32_t>(1 + random() % 30);
    const std::uint32_t alignment = 1u << random() % 7;
    const auto base = static_cast<std::uint32_t>(random() % 1000);
    const std::uint32_t at = free.take_aligned(count, alignment, base);
    ASSERT_EQ(at != 0, lowest(count, alignment, base) != 0);
    if (at != 0) {
      ASSERT_EQ((at + base) % alignment, 0u);
      note_taken(at, count);
    }
    // Single pages come back, so that it fills with holes.
    for (int k = 0; k < 10; ++k) {
      const auto page = static_cast<std::uint32_t>(1 + random() % (pages - 1));
      if (!model[page]) give(page, 1);
    }
    ASSERT_TRUE(free.adds_up());
  }
}

TEST_P(FreePagesTest, GiveAPlaceIfAllOfItIsFree) {
  EXPECT_TRUE(free.take_at(10, 50));
  EXPECT_FALSE(free.take_at(59, 1));
  EXPECT_FALSE(free.take_at(5, 6));
  EXPECT_TRUE(free.take_at(5, 5));
  EXPECT_TRUE(free.take_at(60, pages - 60));
  EXPECT_FALSE(free.take_at(pages, 1));
  EXPECT_FALSE(free.take_at(pages - 1, 2));
  EXPECT_EQ(free.count_free(), 4u);
  EXPECT_EQ(free.longest(), 4u);
  EXPECT_EQ(free.take(5), 0u);
  EXPECT_EQ(free.take(4), 1u);
  EXPECT_EQ(free.take(1), 0u);
}

INSTANTIATE_TEST_SUITE_P(Of, FreePagesTest, testing::Values(100, 256, 512, 1000, 4096, 40'000));

TEST(FreePagesBytes, AreTenForEach256KiB) {
  EXPECT_LE(FreePages::bytes_for(16'384), 4096u);                      // 64 MiB
  EXPECT_LE(FreePages::bytes_for(1u << 24), std::uint64_t{10} << 18);  // 64 GiB
}

}  // namespace
}  // namespace cleave::detail
