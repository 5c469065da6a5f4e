// Tests drawn at random end alike whatever the search: what the model's steps touch is what they say they touch.
#include <gtest/gtest.h>

#include <set>

#include "lab/litmus/print.h"
#include "tests/judge/judged.h"
#include "tests/litmus/random_test.h"

namespace lab {
namespace {

tl::expected<Result, Refusal> explored(const Plan& plan, const Variant& variant, Memory memory,
                                       Search search) {
  Effort effort;
  effort.search = search;
  Options options = options_for(variant, memory, effort);
  options.max_runs = 4000;
  options.check_runs = 3;
  return explore(factory_for(plan, variant.rules), options);
}

// Where runs can go round, `states` alone says so.
std::set<std::string> findings(const Result& result) {
  std::set<std::string> all;
  for (const Seen& seen : result.outcomes) all.insert(seen.outcome.text());
  for (const Failure& failure : result.failures)
    if (failure.kind != Failure::Kind::livelock) all.insert(failure.what);
  return all;
}

TEST(Searches, AgreeOnTestsDrawnAtRandom) {
  const std::vector<Variant> variants = all_variants();
  int compared = 0;
  for (unsigned seed = 0; seed < 1500; ++seed) {
    const litmus::Test test = litmus::RandomTest(seed).make();
    const auto plan = lab::plan(test);
    if (!plan) continue;
    const Variant& variant = variants[seed % variants.size()];
    const Memory memory = seed % 3 == 0 ? Memory::tso : Memory::sc;
    const auto dpor = explored(*plan, variant, memory, Search::dpor);
    if (!dpor || dpor->coverage.kind != Coverage::Kind::exhaustive) continue;
    const auto states = explored(*plan, variant, memory, Search::states);
    ASSERT_TRUE(states.has_value()) << states.error().what;
    if (states->coverage.kind != Coverage::Kind::exhaustive) continue;
    ++compared;
    ASSERT_EQ(findings(*dpor), findings(*states))
        << "seed " << seed << " under " << variant.text << '\n'
        << litmus::print(test);
  }
  EXPECT_GT(compared, 50);
}

}  // namespace
}  // namespace lab
