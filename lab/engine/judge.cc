#include "lab/engine/judge.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "lab/engine/litmus_scene.h"
#include "lab/engine/vocabulary.h"

namespace lab::engine {
namespace {

using judge::Judgement;
using judge::Standing;

explore::Factory factory_of(const judge::Plan& plan, const model::Rules& /*rules*/) {
  return [&plan] { return std::make_unique<LitmusScene>(plan); };
}

// Rule-set `cleave` as the model has it.
judge::Variant model_of_it() { return judge::parse_variants("cleave")->front(); }

void compare(Judgement& judgement, const Judgement& model) {
  bool broke = !judgement.failures.empty();
  for (const judge::FinalState& end : judgement.states) {
    if (std::ranges::find(model.states, end.text, &judge::FinalState::text) != model.states.end())
      continue;
    if (!model.exhaustive()) continue;
    broke = true;
    judgement.failures.push_back({explore::Failure::Kind::broken,
                                  "rule-set cleave has no such end: " + end.text, end.count,
                                  end.witness});
  }
  judgement.unreached.clear();
  const bool open = !judgement.exhaustive() || !model.exhaustive();
  judgement.standing = broke ? Standing::deviates : open ? Standing::open : Standing::expected;
}

}  // namespace

judge::Variant variant(std::vector<std::string> left_out) {
  judge::Variant engine = model_of_it();
  engine.text = kName;
  for (const std::string& name : left_out) engine.text += ",drop=" + name;
  engine.drop = std::move(left_out);
  return engine;
}

tl::expected<Judged, explore::Refusal> judge(const litmus::Test& test,
                                             const std::vector<std::string>& left_out,
                                             explore::Memory memory, const judge::Effort& effort) {
  const auto plan = judge::plan(test);
  if (!plan) return tl::unexpected(explore::Refusal{plan.error().what});
  if (auto why = no_word_for(*plan)) return Skipped{std::move(*why)};
  auto model = judge::judge(test, model_of_it(), memory, {});
  if (!model) return tl::unexpected(std::move(model.error()));
  if (model->expected.has(litmus::Verdict::none))
    return Skipped{"it means nothing to rule-set cleave"};
  auto judged = judge::judge(test, variant(left_out), memory, effort, factory_of);
  if (!judged) return tl::unexpected(std::move(judged.error()));
  compare(*judged, *model);
  return std::move(*judged);
}

tl::expected<judge::Explanation, explore::Refusal> explain(const Judgement& judgement,
                                                           double max_seconds) {
  return judge::explain(judgement, max_seconds, factory_of);
}

tl::expected<judge::Explanation, explore::Refusal> replay(const litmus::Test& test,
                                                          std::string_view token) {
  return judge::replay(test, variant(), token, factory_of);
}

}  // namespace lab::engine
