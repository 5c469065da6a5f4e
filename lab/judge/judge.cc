#include "lab/judge/judge.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lab/judge/test_program.h"
#include "lab/portable/ranges.h"

namespace lab::judge {
namespace {

using litmus::Verdict;

std::string text_of(const Plan& plan, const std::vector<std::uint64_t>& answers) {
  std::string text;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string value = answers[i] == kUnreadable ? "?" : std::to_string(answers[i]);
    text += fmt::format("{}{}={};", i == 0 ? "" : " ", plan.quantities[i].text, value);
  }
  return text;
}

std::vector<FinalState> states_of(const Plan& plan, const explore::Result& result) {
  std::vector<FinalState> states;
  for (const explore::Seen& seen : result.outcomes) {
    std::vector<std::uint64_t> answers;
    for (const explore::Outcome::Value& value : seen.outcome.values())
      answers.push_back(value.value);
    states.push_back({text_of(plan, answers), holds(plan.test->final.condition, plan, answers),
                      seen.count, seen.witness});
  }
  ranges::stable_sort(states, [](const FinalState& a, const FinalState& b) {
    return std::pair(!a.holds, a.text) < std::pair(!b.holds, b.text);
  });
  return states;
}

Verdict verdict_of(const Judgement& judgement) {
  const auto any = [&](auto is) { return ranges::any_of(judgement.failures, is); };
  const auto hangs = [](const explore::Failure& failure) {
    return failure.kind == explore::Failure::Kind::deadlock ||
           failure.kind == explore::Failure::Kind::livelock;
  };
  if (any([&](const explore::Failure& failure) { return !hangs(failure); })) return Verdict::broken;
  if (any(hangs)) return Verdict::hang;
  if (judgement.positive == 0) return Verdict::never;
  return judgement.negative == 0 ? Verdict::always : Verdict::sometimes;
}

// What more searching could still turn the verdict into.
bool may_become(Verdict seen, Verdict expected) {
  switch (seen) {
    case Verdict::never:
    case Verdict::always:
      return expected == Verdict::sometimes || expected == Verdict::hang ||
             expected == Verdict::broken || (seen == Verdict::never && expected == Verdict::always);
    case Verdict::sometimes:
    case Verdict::hang:
      return expected == Verdict::hang || expected == Verdict::broken;
    default:
      return false;
  }
}

Standing standing_of(const Judgement& judgement) {
  const Expected& expected = judgement.expected;
  const bool cut_off = judgement.coverage.kind == explore::Coverage::Kind::stopped;
  if (expected.verdicts.empty()) {
    if (cut_off) return Standing::open;
    return judgement.unreached.empty() ? Standing::expected : Standing::deviates;
  }
  const bool as_expected = expected.has(judgement.verdict);
  if (judgement.exhaustive())
    return as_expected && judgement.unreached.empty() ? Standing::expected : Standing::deviates;
  const bool final_word = judgement.verdict == Verdict::sometimes ||
                          judgement.verdict == Verdict::hang ||
                          judgement.verdict == Verdict::broken;
  if (as_expected) return final_word ? Standing::expected : Standing::open;
  const bool may = ranges::any_of(
      expected.verdicts, [&](Verdict verdict) { return may_become(judgement.verdict, verdict); });
  return may ? Standing::open : Standing::deviates;
}

}  // namespace

explore::Options options_for(const Variant& variant, explore::Memory memory, const Effort& effort) {
  explore::Options options;
  options.memory = memory;
  options.search = effort.search;
  options.bound = effort.bound;
  options.runs = effort.runs;
  options.seed = effort.seed;
  options.drop = variant.drop;
  options.max_seconds = effort.max_seconds;
  options.max_runs = effort.max_runs;
  options.stop = effort.stop;
  options.progress = effort.progress;
  return options;
}

explore::Factory factory_for(const Plan& plan, const model::Rules& rules) {
  return [&plan, &rules] { return std::make_unique<TestProgram>(plan, rules); };
}

tl::expected<Judgement, explore::Refusal> judge(const litmus::Test& test, const Variant& variant,
                                                explore::Memory memory, const Effort& effort,
                                                const Maker& maker) {
  const tl::expected<Plan, litmus::Diagnostic> plan = judge::plan(test);
  if (!plan)
    return tl::unexpected(
        explore::Refusal{fmt::format("{}: {}", plan.error().what, plan.error().advice)});
  const explore::Factory factory = maker(*plan, variant.rules);
  tl::expected<explore::Result, explore::Refusal> result =
      explore::explore(factory, options_for(variant, memory, effort));
  if (!result) return tl::unexpected(std::move(result.error()));

  Judgement judgement{};
  judgement.test = &test;
  judgement.variant = variant;
  judgement.memory = memory;
  judgement.states = states_of(*plan, *result);
  for (const FinalState& state : judgement.states)
    (state.holds ? judgement.positive : judgement.negative) += state.count;
  judgement.failures = std::move(result->failures);
  judgement.coverage = result->coverage;
  judgement.traces = result->traces;
  judgement.cut = result->cut;
  judgement.steps = result->steps;
  judgement.visited = result->states;
  judgement.seconds = result->seconds;
  for (const litmus::Reach& reach : test.reaches)
    if (must_reach(reach, variant) &&
        ranges::find(result->reached, reach.label) == result->reached.end())
      judgement.unreached.push_back(reach.label);
  judgement.verdict = verdict_of(judgement);
  judgement.expected = expected(test, variant, language_of(memory));
  judgement.standing = standing_of(judgement);
  return judgement;
}

}  // namespace lab::judge
