// All pairs of calls, after all set-ups of at most two, in every order; and all triples, in `make
// soak`. What they come to is what they come to one after another.
#include "lab/engine/calls.h"

#include <cstdlib>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lab/explore/search/jobs.h"
#include "tests/explored/coverage.h"

namespace lab::engine {
namespace {

struct Sum {
  std::size_t programs = 0;
  std::uint64_t runs = 0;
  std::uint64_t cut = 0;
};

Sum try_programs(std::size_t threads, std::size_t most_before, explore::Memory memory) {
  const std::vector<Calls> programs = all_programs(threads, most_before);
  explore::Options options;
  options.memory = memory;
  options.check_runs = 10;
  options.max_seconds = 60;
  std::vector<Tried> tried(programs.size());
  explore::share_out(programs.size(), explore::all_processors(),
                     [&](std::size_t i) { tried[i] = try_all(programs[i], options); });
  Sum sum;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    EXPECT_EQ(tried[i].wrong, "") << programs[i].text();
    EXPECT_TRUE(tried[i].exhaustive) << programs[i].text();
    ++sum.programs;
    sum.runs += tried[i].runs;
    sum.cut += tried[i].cut;
  }
  expect_in_the_documents(fmt::format(
      "{} programs of {} threads, one of {} calls each, after at most {} of {} set-ups, "
      "{}: all schedules, about {}",
      sum.programs, threads, kCalls.size(), most_before, kSetUps, explore::name(memory),
      about(sum.runs + sum.cut)));
  return sum;
}

TEST(EngineCalls, OfPairsComeToWhatTheyComeToOneByOne) {
  const Sum sum = try_programs(2, 2, explore::Memory::sc);
  EXPECT_GT(sum.programs, 300u);
}

TEST(EngineCalls, OfPairsComeToTheSameWithStoreBuffers) {
  const Sum sum = try_programs(2, 2, explore::Memory::tso);
  EXPECT_GT(sum.runs, sum.programs);
}

TEST(EngineCalls, OfPairsComeToTheSameUnderReleaseAndAcquire) {
  const Sum sum = try_programs(2, 2, explore::Memory::ra);
  EXPECT_GT(sum.runs, sum.programs);
}

// Minutes: `make soak` asks for it.
TEST(EngineCalls, OfTriplesComeToWhatTheyComeToOneByOne) {
  if (std::getenv("CLEAVE_SOAK") == nullptr) GTEST_SKIP() << "CLEAVE_SOAK=1 runs it";
  (void)try_programs(3, 2, explore::Memory::sc);
  (void)try_programs(3, 1, explore::Memory::tso);
}

}  // namespace
}  // namespace lab::engine
