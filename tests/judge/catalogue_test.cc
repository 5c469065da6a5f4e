// What is true of every test that comes with cleave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "judged.h"
#include "lab/judge/batch.h"
#include "lab/litmus/print.h"
#include "tests/support/sanitized.h"

namespace lab::judge {
namespace {

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::vector<const litmus::Test*> tests_of(const TestFiles& files) {
  std::vector<const litmus::Test*> tests;
  for (const auto& file : files) tests.push_back(&file->test);
  return tests;
}

TEST(Catalogue, HasTestsInTheirCanonicalForm) {
  const TestFiles files = catalogue();
  EXPECT_GE(files.size(), 40U);
  for (const auto& file : files)
    EXPECT_EQ(content(file->path), litmus::print(file->test))
        << "`cleave litmus show " << file->path << "` prints it as it should be";
}

TEST(Catalogue, SaysOfEachTestWhereItComesFromAndWhyItEndsSo) {
  std::set<std::string> names;
  for (const auto& file : catalogue()) {
    EXPECT_EQ(file->test.name, std::filesystem::path(file->path).stem()) << file->path;
    EXPECT_TRUE(names.insert(file->test.name).second) << file->name << ": the name is taken";
    EXPECT_FALSE(file->test.source.empty()) << file->path;
    EXPECT_FALSE(file->test.why.empty()) << file->path;
  }
}

TEST(Catalogue, IsJudgedAsExpectedByEveryRuleSet) {
  const TestFiles files = catalogue();
  const auto cases = cases_of(tests_of(files), all_variants(), explore::Memory::sc, true);
  for (const auto& judgement : judge_all(cases, {}, 2)) {
    ASSERT_TRUE(judgement.has_value()) << judgement.error().what;
    EXPECT_EQ(judgement->standing, Standing::expected)
        << judgement->test->name << " under " << judgement->variant.text << " is "
        << static_cast<int>(judgement->verdict);
    EXPECT_TRUE(judgement->exhaustive()) << judgement->test->name;
  }
}

// The ends that were seen, without how often.
std::set<std::string> ends(const Judgement& judgement) {
  std::set<std::string> result;
  for (const FinalState& state : judgement.states) result.insert(state.text);
  for (const explore::Failure& failure : judgement.failures)
    result.insert(failure.kind == explore::Failure::Kind::broken ? failure.what
                                                                 : explore::name(failure.kind));
  return result;
}

// Of any two searches that were exhaustive, whatever they leave out, the ends are the same.
TEST(Catalogue, HasTheSameEndsInEveryExhaustiveSearch) {
  const TestFiles files = catalogue();
  std::vector<Variant> variants;
  for (const char* rules : {"A", "C1", "D0", "E1", "cleave"}) variants.push_back(variant(rules));
  for (const explore::Memory memory : {explore::Memory::sc, explore::Memory::tso}) {
    const auto cases = cases_of(tests_of(files), variants, memory, false);
    const auto dpor = judge_all(cases, {}, 2);
    Effort states;
    states.search = explore::Search::states;
    const auto by_states = judge_all(cases, states, 2);
    Effort naive;
    naive.search = explore::Search::naive;
    naive.max_runs = cleave::detail::kSanitized ? 1000 : 5000;
    const auto by_all = judge_all(cases, naive, 2);
    std::size_t whole = 0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      ASSERT_TRUE(dpor[i] && by_states[i] && by_all[i]);
      const std::string what = cases[i].test->name + " under " + cases[i].variant.text;
      EXPECT_EQ(ends(*dpor[i]), ends(*by_states[i])) << what;
      if (!by_all[i]->exhaustive()) continue;
      ++whole;
      EXPECT_EQ(ends(*dpor[i]), ends(*by_all[i])) << what;
    }
    EXPECT_GT(whole, cases.size() / 4) << "that every run was made is checked for too few";
  }
}

}  // namespace
}  // namespace lab::judge
