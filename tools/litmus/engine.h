// `cleave litmus --rules engine`: the engine's own code as a judge beside the rule-sets.
#pragma once

#include <string>
#include <vector>

#include "lab/judge/explanation.h"
#include "tools/litmus/litmus.h"

namespace cleave::litmus {

/// A test that the engine has no word for, and why.
struct NotRun {
  std::string test;
  std::string why;
};

/// Whether the command is asked for the engine, too; takes its name out of `rules`. By default it
/// is, where this build has it.
bool takes_engine(std::vector<std::string>& rules);

/// Judges each test by the engine, `options.jobs` at once; those that it cannot be asked go to
/// `not_run`. Ends the command with status 2 where something cannot be explored.
std::vector<lab::judge::Judgement> judge_by_engine(const lab::judge::TestFiles& files,
                                                   const Options& options,
                                                   const lab::judge::Effort& effort,
                                                   std::vector<NotRun>& not_run);

/// Whether the judgement is the engine's; explain() of lab/judge is for the others.
bool is_engines(const lab::judge::Judgement& judgement);
tl::expected<lab::judge::Explanation, lab::explore::Refusal> explain_engine(
    const lab::judge::Judgement& judgement);
tl::expected<lab::judge::Explanation, lab::explore::Refusal> replay_on_engine(
    const lab::litmus::Test& test, const std::string& token);

/// The column of the page.
lab::report::Column engine_column(const lab::judge::TestFiles& files,
                                  const std::vector<lab::judge::Judgement>& judgements,
                                  const std::vector<NotRun>& not_run, unsigned jobs);

}  // namespace cleave::litmus
