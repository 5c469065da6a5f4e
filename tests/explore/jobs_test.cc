#include "lab/explore/search/jobs.h"

#include <atomic>
#include <vector>

#include <gtest/gtest.h>

#include "tests/explore/programs.h"
#include "tests/explore/random_program.h"

namespace lab::explore {
namespace {

TEST(Jobs, AreEachDoneOnce) {
  for (const unsigned jobs : {1U, 2U, 7U}) {
    for (const std::size_t count : {0U, 1U, 3U, 100U}) {
      std::vector<std::atomic<int>> done(count);
      share_out(count, jobs, [&](std::size_t i) { ++done[i]; });
      for (const auto& each : done) EXPECT_EQ(each, 1);
    }
  }
}

// Explorations beside one another find what each finds alone: outcomes, counts and schedules.
TEST(Jobs, FindTheSameTogetherAsAlone) {
  constexpr std::size_t kPrograms = 60;
  const auto explored = [](unsigned jobs) {
    std::vector<Result> results(kPrograms);
    share_out(kPrograms, jobs, [&](std::size_t seed) {
      const auto bodies = RandomProgram::draw(seed, {.threads = 3, .statements = 3});
      const Factory factory = [&] { return std::make_unique<RandomProgram>(bodies, false); };
      if (auto result = explore(factory, {.memory = Memory::tso})) results[seed] = *result;
    });
    return results;
  };
  const std::vector<Result> alone = explored(1);
  const std::vector<Result> together = explored(4);
  for (std::size_t i = 0; i < kPrograms; ++i) {
    EXPECT_EQ(together[i].traces, alone[i].traces) << "seed " << i;
    EXPECT_EQ(together[i].steps, alone[i].steps) << "seed " << i;
    ASSERT_EQ(together[i].outcomes.size(), alone[i].outcomes.size()) << "seed " << i;
    for (std::size_t k = 0; k < alone[i].outcomes.size(); ++k) {
      EXPECT_EQ(together[i].outcomes[k].outcome.text(), alone[i].outcomes[k].outcome.text());
      EXPECT_EQ(together[i].outcomes[k].count, alone[i].outcomes[k].count);
    }
  }
}

}  // namespace
}  // namespace lab::explore
