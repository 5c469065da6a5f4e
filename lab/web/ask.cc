#include "lab/web/ask.h"

#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "lab/explore/trace/trace.h"
#include "lab/judge/batch.h"
#include "lab/judge/files.h"
#include "lab/litmus/print.h"
#include "lab/report/data/data.h"
#include "lab/report/json.h"
#include "lab/web/hunt.h"
#include "lab/web/question.h"
#include "lab/web/words.h"

namespace lab::web {
namespace {

Json faults_of(const std::vector<litmus::Diagnostic>& diagnostics) {
  Json faults = Json::array();
  for (const litmus::Diagnostic& each : diagnostics)
    faults.push_back({{"line", each.at.line},
                      {"column", each.at.column},
                      {"what", each.what},
                      {"advice", each.advice}});
  return {{"faults", std::move(faults)}};
}

Json check(const Json& question) {
  const auto test = judge::read(question.at("text").get<std::string>());
  if (!test) return faults_of(test.error());
  return {{"faults", Json::array()},
          {"name", test->name},
          {"about", test->about},
          {"condition", litmus::print(test->final.condition)},
          {"canonical", litmus::print(*test)}};
}

// What there is to judge of a test, in the order of `cleave litmus`.
Json cases(const Json& question) {
  const auto test = judge::read(question.at("text").get<std::string>());
  if (!test) return faults_of(test.error());
  const auto variants = variants_of(question);
  if (!variants) return error(variants.error());
  Json all = Json::array();
  for (const judge::Case& one : judge::cases_of({&*test}, *variants, memory_of(question),
                                                asked<bool>(question, "named", true)))
    all.push_back({{"rules", one.variant.text},
                   {"memory", explore::name(one.memory)},
                   {"column", one.base_case}});
  return {{"cases", std::move(all)}};
}

// What makes the first run to each failure and each end again, in the order of the judgement.
Json tokens_of(const judge::Judgement& judgement) {
  const judge::Plan plan = *judge::plan(*judgement.test);  // It was planned before.
  const model::Rules rules = judgement.variant.rules;
  const explore::Factory factory = judge::factory_for(plan, rules);
  const explore::Options options = judge::options_for(judgement.variant, judgement.memory, {});
  Json tokens = Json::array();
  const auto add = [&](const explore::Schedule& witness) {
    const auto trace = explore::record(factory, options, witness);
    tokens.push_back(trace ? trace->token() : trace.error().what);
  };
  for (const explore::Failure& failure : judgement.failures) add(failure.witness);
  for (const judge::FinalState& state : judgement.states) add(state.witness);
  return tokens;
}

// One test under one rule-set: the judgement, and the page's data of it with its run.
Json judge_one(const Json& question) {
  auto test = judge::read(question.at("text").get<std::string>());
  if (!test) return faults_of(test.error());
  const auto variants = judge::parse_variants(question.at("rules").get<std::string>());
  if (!variants) return error(variants.error());
  const std::string name = asked<std::string>(question, "name", test->name);
  const std::string path = asked<std::string>(question, "path", name + ".litmus");
  judge::TestFiles files;
  files.push_back(
      std::make_unique<judge::TestFile>(judge::TestFile{path, path, name, std::move(*test)}));
  const judge::Effort effort = effort_of(question);
  auto judgement =
      judge::judge(files.front()->test, variants->front(), memory_of(question), effort);
  if (!judgement) return error(judgement.error().what);
  judgement->base_case = asked<bool>(question, "column", true);
  Json answer = {{"judgement", report::json(*judgement)}};
  if (asked<bool>(question, "tokens", false)) answer["tokens"] = tokens_of(*judgement);
  std::optional<report::Shown> run;
  if (asked<bool>(question, "run", true)) {
    constexpr double kSeconds = 1;  // how long to look for a simpler one
    auto shown = report::show(*judgement, kSeconds);
    if (!shown) return error(shown.error().what);
    run = std::move(*shown);
  }
  std::vector<std::optional<report::Shown>> runs;
  runs.push_back(std::move(run));
  std::vector<judge::Judgement> judgements;
  judgements.push_back(std::move(*judgement));
  answer["page"] = report::data_of(files, judgements, runs, {}, effort.search);
  return answer;
}

Json answer_to(const Json& question) {
  const std::string ask = question.at("ask").get<std::string>();
  if (ask == "words") return words();
  if (ask == "check") return check(question);
  if (ask == "cases") return cases(question);
  if (ask == "judge") return judge_one(question);
  if (ask == "parts") return parts_of_hunt(question);
  if (ask == "hunt") return hunt_in_part(question);
  return error(fmt::format(
      "there is no question \"{}\": ask words, check, cases, judge, parts or hunt", ask));
}

}  // namespace

std::string answer(std::string_view question) {
  Json result;
  try {
    result = answer_to(Json::parse(question));
  } catch (const std::exception& wrong) {
    result = error(fmt::format("the question is not understood: {}", wrong.what()));
  }
  return result.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace lab::web
