// Tests drawn at random end alike whatever the search: what the model's steps touch is what they
// say they touch.
#include <set>

#include <gtest/gtest.h>

#include "lab/litmus/print.h"
#include "tests/judge/judged.h"
#include "tests/litmus/random_test.h"

namespace lab::judge {
namespace {

tl::expected<explore::Result, explore::Refusal> explored(const Plan& plan, const Variant& variant,
                                                         explore::Memory memory,
                                                         explore::Search search) {
  Effort effort;
  effort.search = search;
  explore::Options options = options_for(variant, memory, effort);
  options.max_runs = 4000;
  options.check_runs = 3;
  return explore::explore(factory_for(plan, variant.rules), options);
}

// Where runs can go round, `states` alone says so.
std::set<std::string> findings(const explore::Result& result) {
  std::set<std::string> all;
  for (const explore::Seen& seen : result.outcomes) all.insert(seen.outcome.text());
  for (const explore::Failure& failure : result.failures)
    if (failure.kind != explore::Failure::Kind::livelock) all.insert(failure.what);
  return all;
}

TEST(Searches, AgreeOnTestsDrawnAtRandom) {
  const std::vector<Variant> variants = all_variants();
  int compared = 0;
  for (unsigned seed = 0; seed < 1500; ++seed) {
    const litmus::Test test = litmus::RandomTest(seed).make();
    const auto plan = judge::plan(test);
    if (!plan) continue;
    const Variant& variant = variants[seed % variants.size()];
    const explore::Memory memory = seed % 3 == 0 ? explore::Memory::tso : explore::Memory::sc;
    const auto dpor = explored(*plan, variant, memory, explore::Search::dpor);
    if (!dpor || dpor->coverage.kind != explore::Coverage::Kind::exhaustive) continue;
    const auto states = explored(*plan, variant, memory, explore::Search::states);
    ASSERT_TRUE(states.has_value()) << states.error().what;
    if (states->coverage.kind != explore::Coverage::Kind::exhaustive) continue;
    ++compared;
    ASSERT_EQ(findings(*dpor), findings(*states))
        << "seed " << seed << " under " << variant.text << '\n'
        << litmus::print(test);
  }
  EXPECT_GT(compared, 50);
}

}  // namespace
}  // namespace lab::judge
