#include <gtest/gtest.h>

#include "lab/explore/explorer.h"

namespace lab {
namespace {

// Two threads store to one variable and load the other.
struct StoreBuffering : Program {
  Shared<int> x{"x"};
  Shared<int> y{"y"};
  int r0 = -1;
  int r1 = -1;
  void start(Threads& threads) override {
    threads.add("P0", [this] {
      put("x = 1", x, 1);
      r0 = look("r0 = y", [&] { return y.read(); });
    });
    threads.add("P1", [this] {
      put("y = 1", y, 1);
      r1 = look("r1 = x", [&] { return x.read(); });
    });
  }
  void end(Outcome& outcome) override {
    outcome.note("r0", static_cast<std::uint64_t>(r0));
    outcome.note("r1", static_cast<std::uint64_t>(r1));
  }
};

TEST(Orders, StoreBufferingHasThreeOutcomesUnderScAndFourUnderTso) {
  const Factory factory = [] { return std::make_unique<StoreBuffering>(); };
  EXPECT_EQ(explore(factory, {.search = Search::naive})->outcomes.size(), 3u);
  EXPECT_EQ(explore(factory, {.memory = Memory::tso, .search = Search::naive})->outcomes.size(),
            4u);
  EXPECT_EQ(explore(factory, {.search = Search::random})->outcomes.size(), 3u);
}

}  // namespace
}  // namespace lab
