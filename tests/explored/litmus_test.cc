// Every litmus test of the catalogue that the engine has words for: it ends as the model of its
// rule can end.
#include <gtest/gtest.h>

#include "lab/engine/judge.h"
#include "lab/judge/files.h"

namespace lab::engine {
namespace {

std::size_t judged_under(explore::Memory memory) {
  const auto files = judge::load({}, CLEAVE_CATALOGUE);
  if (!files) {
    ADD_FAILURE() << files.error();
    return 0;
  }
  judge::Effort effort;
  effort.max_runs = 30'000;
  std::size_t judged = 0;
  std::size_t open = 0;
  for (const auto& file : *files) {
    const auto result = lab::engine::judge(file->test, std::vector<std::string>(), memory, effort);
    if (!result) {
      ADD_FAILURE() << file->name << ": " << result.error().what;
      continue;
    }
    const auto* judgement = std::get_if<judge::Judgement>(&*result);
    if (judgement == nullptr) continue;
    ++judged;
    for (const explore::Failure& failure : judgement->failures)
      ADD_FAILURE() << file->name << ": " << failure.what;
    open += judgement->exhaustive() ? 0 : 1;
  }
  // Evictions and mergings that race with threads have more orders than are made here.
  const std::size_t most_open = memory == explore::Memory::ra ? 8 : 6;
  EXPECT_LE(open, most_open) << "all but a few tests are searched exhaustively";
  return judged;
}

TEST(EngineJudge, EndsAsRuleSetCleaveCanEnd) { EXPECT_GT(judged_under(explore::Memory::sc), 40u); }

TEST(EngineJudge, EndsAsRuleSetCleaveCanEndWithStoreBuffers) {
  EXPECT_GT(judged_under(explore::Memory::tso), 40u);
}

TEST(EngineJudge, EndsAsRuleSetCleaveCanEndUnderReleaseAndAcquire) {
  EXPECT_GT(judged_under(explore::Memory::ra), 40u);
}

}  // namespace
}  // namespace lab::engine
