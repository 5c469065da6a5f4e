// All pairs of calls, after all set-ups of at most two, in every order; and all triples, in `make
// soak`. What they come to is what they come to one after another.
#include "lab/engine/calls.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace lab::engine {
namespace {

struct Sum {
  std::size_t programs = 0;
  std::uint64_t runs = 0;
  std::uint64_t cut = 0;
};

Sum try_programs(std::size_t threads, std::size_t most_before, explore::Memory memory) {
  Sum sum;
  explore::Options options;
  options.memory = memory;
  options.check_runs = 10;
  options.max_seconds = 60;
  for (const Calls& calls : all_programs(threads, most_before)) {
    const Tried tried = try_all(calls, options);
    EXPECT_EQ(tried.wrong, "") << calls.text();
    EXPECT_TRUE(tried.exhaustive) << calls.text();
    ++sum.programs;
    sum.runs += tried.runs;
    sum.cut += tried.cut;
  }
  testing::Test::RecordProperty("programs", static_cast<int>(sum.programs));
  testing::Test::RecordProperty("runs", static_cast<int>(sum.runs));
  testing::Test::RecordProperty("given_up", static_cast<int>(sum.cut));
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
