#include "lab/web/words.h"

#include "lab/hunt/program/start.h"
#include "lab/litmus/meaning.h"
#include "lab/model/decide/rules.h"
#include "lab/model/fences.h"
#include "lab/web/question.h"

namespace lab::web {
namespace {

std::string answer(const model::Knob& knob, const model::Rules& rules) {
  const std::uint32_t value = knob.get(rules);
  return knob.answers.empty() ? std::to_string(value) : std::string(knob.answers[value]);
}

Json language() {
  Json words = Json::array();
  for (const litmus::Meaning& each : litmus::meanings())
    words.push_back({{"name", each.name},
                     {"form", each.form},
                     {"about", each.about},
                     {"part", litmus::name(each.part)}});
  return words;
}

Json rule_sets() {
  Json sets = Json::array();
  for (const model::RuleSet& set : model::rule_sets()) {
    const model::Rules rules = set.make();
    Json answers = Json::object();
    for (const model::Knob& knob : model::knobs())
      answers[std::string(knob.name)] = answer(knob, rules);
    sets.push_back({{"name", set.name},
                    {"kernels", set.kernels},
                    {"about", set.about},
                    {"answers", std::move(answers)}});
  }
  return sets;
}

}  // namespace

Json words() {
  Json knobs = Json::array();
  for (const model::Knob& knob : model::knobs())
    knobs.push_back({{"name", knob.name}, {"question", knob.question}, {"answers", knob.answers}});
  Json fences = Json::array();
  for (const model::Fence& fence : model::fences())
    fences.push_back({{"name", fence.name}, {"about", fence.about}});
  Json starts = Json::array();
  for (const hunt::Start& start : hunt::starts()) starts.push_back(start.name);
  return {{"words", language()},
          {"rules", rule_sets()},
          {"knobs", std::move(knobs)},
          {"fences", std::move(fences)},
          {"starts", std::move(starts)}};
}

}  // namespace lab::web
