#include "lab/kernel/prediction.h"

#include <algorithm>

#include <fmt/format.h>

#include "lab/judge/judge.h"
#include "lab/judge/unmodelled.h"
#include "lab/kernel/system/capabilities.h"

namespace lab::kernel {
namespace {

using litmus::Verdict;

std::optional<Verdict> said_of_kernel(const litmus::Test& test) {
  for (const litmus::Expect& expect : test.expects)
    for (const litmus::Expect::Group& group : expect.groups)
      if (std::ranges::any_of(group.judges, judge::judges_elsewhere)) return group.verdict;
  return std::nullopt;
}

judge::Variant rules_here() { return judge::parse_variants(kernel_rules())->front(); }

Prediction none(std::string why) { return {{}, std::nullopt, std::move(why)}; }

}  // namespace

bool means_nothing(const litmus::Test& test) {
  if (const auto said = said_of_kernel(test)) return *said == Verdict::none;
  return judge::expected(test, rules_here(), litmus::Memory::sc).has(Verdict::none);
}

Prediction prediction_of(const litmus::Test& test, litmus::Memory memory,
                         const std::atomic<bool>* stop) {
  if (const auto said = said_of_kernel(test)) return {{{*said}}, std::nullopt, {}};
  const judge::Variant rules = rules_here();
  if (auto why = judge::unmodelled(test, rules)) return none(*why);
  judge::Effort effort;
  effort.max_seconds = 2;
  effort.stop = stop;
  const auto judged = judge::judge(test, rules, judge::explorers(memory), effort);
  if (!judged) return none(judged.error().what);
  if (judged->verdict == Verdict::broken)
    return none(fmt::format("{} contradicts itself here", kernel_rules()));
  if (!judged->exhaustive())
    return none(fmt::format("the search of {} {}", kernel_rules(), judged->coverage.text()));
  Prediction prediction{{{judged->verdict}}, std::vector<std::string>(), {}};
  for (const judge::FinalState& state : judged->states) prediction.ends->push_back(state.text);
  return prediction;
}

}  // namespace lab::kernel
