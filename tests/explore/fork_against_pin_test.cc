// A protocol of the kernel's, explored: the counts of runs are those that other checkers report for
// the same algorithm, and the verdicts are theirs.
#include "bench/explorer/fork_against_pin.h"

#include <gtest/gtest.h>

#include "lab/explore/search/explorer.h"

namespace lab::explore {
namespace {

Result explored(ForkAgainstPin::Shape shape, const Options& options = {}) {
  auto result = explore([shape] { return std::make_unique<ForkAgainstPin>(shape); }, options);
  EXPECT_TRUE(result) << result.error().what;
  EXPECT_EQ(result->coverage.text(), "exhaustive");
  EXPECT_TRUE(result->failures.empty());
  return *result;
}

bool loses_a_pin(const Result& result) {
  for (const Seen& seen : result.outcomes) {
    if (*seen.outcome.find("lost") != 0) return true;
  }
  return false;
}

struct Count {
  int pinners;
  int pages;
  std::uint64_t traces;
};

// Nidhugg's optimal mode and an independent prototype agree on these.
TEST(ForkAgainstPin, HasAsManyRunsAsOthersCountWhereAddsCommute) {
  for (const Count& count : {Count{1, 1, 10}, Count{2, 1, 88}, Count{2, 2, 100}, Count{3, 1, 730},
                             Count{3, 3, 1000}, Count{4, 1, 5872}, Count{4, 4, 10'000}}) {
    const Result result = explored({.pinners = count.pinners, .pages = count.pages});
    EXPECT_EQ(result.traces, count.traces)
        << count.pinners << " pinners, " << count.pages << " pages";
    EXPECT_FALSE(loses_a_pin(result));
  }
}

// And GenMC on these.
TEST(ForkAgainstPin, HasAsManyRunsAsOthersCountWhereAddsConflict) {
  for (const Count& count : {Count{1, 1, 14}, Count{2, 1, 319}, Count{2, 2, 196},
                             Count{3, 1, 13'290}, Count{3, 3, 2744}}) {
    const Result result =
        explored({.pinners = count.pinners, .pages = count.pages, .commuting = false});
    EXPECT_EQ(result.traces, count.traces)
        << count.pinners << " pinners, " << count.pages << " pages";
    EXPECT_FALSE(loses_a_pin(result));
  }
}

TEST(ForkAgainstPin, OfFivePinnersHasAsManyRunsAsAnotherCounts) {
  EXPECT_EQ(explored({.pinners = 5}).traces, 46'450u);
}

// `make soak`, or --gtest_also_run_disabled_tests.
TEST(ForkAgainstPin, DISABLED_OfManyPinnersHasAsManyRunsAsOthersCount) {
  EXPECT_EQ(explored({.pinners = 6}).traces, 364'168u);
  EXPECT_EQ(explored({.pinners = 6}, {.symmetry = true}).traces, 89'959u);
  EXPECT_EQ(explored({.pinners = 4, .commuting = false}).traces, 934'941u);
  EXPECT_EQ(explored({.pinners = 4, .pages = 4, .commuting = false}).traces, 38'416u);
}

TEST(ForkAgainstPin, IsRightUnderBothMemoriesWithItsFences) {
  for (const Memory memory : {Memory::sc, Memory::tso}) {
    for (const int pinners : {1, 2, 3}) {
      for (int pages = 1; pages <= pinners; ++pages) {
        const ForkAgainstPin::Shape shape{.pinners = pinners, .pages = pages};
        EXPECT_FALSE(loses_a_pin(explored(shape, {.memory = memory})));
      }
    }
  }
}

TEST(ForkAgainstPin, LosesPinsWithoutTheSequenceCount) {
  for (const Memory memory : {Memory::sc, Memory::tso}) {
    EXPECT_TRUE(loses_a_pin(explored({.pinners = 1, .sequence = false}, {.memory = memory})));
  }
}

TEST(ForkAgainstPin, NeedsTheForkersFenceUnderTsoAlone) {
  EXPECT_FALSE(loses_a_pin(explored({.pinners = 1}, {.drop = {"fork.fence"}})));
  EXPECT_TRUE(
      loses_a_pin(explored({.pinners = 1}, {.memory = Memory::tso, .drop = {"fork.fence"}})));
}

// An add is a locked instruction there: the fence behind it has nothing to do.
TEST(ForkAgainstPin, DoesNotNeedThePinnersFenceUnderTso) {
  EXPECT_FALSE(
      loses_a_pin(explored({.pinners = 2}, {.memory = Memory::tso, .drop = {"pin.fence"}})));
}

// A store that leaves its buffer late is ordered only with what it touches. Nothing that the forker
// does then touches the same, so the classes are those of sc.
TEST(ForkAgainstPin, HasAsManyClassesUnderTsoAsUnderSc) {
  EXPECT_EQ(explored({.pinners = 4}, {.memory = Memory::tso}).traces, 5872u);
  EXPECT_EQ(explored({.pinners = 4, .pages = 4}, {.memory = Memory::tso}).traces, 10'000u);
}

TEST(ForkAgainstPin, HasTheSameOutcomesBySearchingStates) {
  for (const Memory memory : {Memory::sc, Memory::tso}) {
    for (const std::string drop : {"nothing", "fork.fence"}) {
      const ForkAgainstPin::Shape shape{.pinners = 3, .pages = 2};
      const Result runs = explored(shape, {.memory = memory, .drop = {drop}});
      const Result states =
          explored(shape, {.memory = memory, .search = Search::states, .drop = {drop}});
      EXPECT_EQ(runs.outcomes.size(), states.outcomes.size());
      for (const Seen& seen : runs.outcomes) EXPECT_NE(states.find(seen.outcome), nullptr);
    }
  }
}

TEST(ForkAgainstPin, OfEqualPinnersIsSmaller) {
  const ForkAgainstPin::Shape shape{.pinners = 4};
  const Result all = explored(shape, {.search = Search::states});
  const Result upto_names = explored(shape, {.search = Search::states, .symmetry = true});
  EXPECT_LT(upto_names.states, all.states / 10);
  EXPECT_LE(all.states, upto_names.states * 24) << "there are 4 * 3 * 2 names for each";
  EXPECT_LT(explored(shape, {.symmetry = true}).traces, explored(shape).traces / 2);
}

}  // namespace
}  // namespace lab::explore
