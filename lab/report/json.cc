#include "lab/report/json.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "lab/litmus/print.h"
#include "lab/litmus/vocabulary.h"
#include "lab/portable/ranges.h"
#include "lab/report/log.h"

namespace lab::report {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

nlohmann::ordered_json json(const judge::Judgement& judgement) {
  Json expected = Json::array();
  for (const litmus::Verdict verdict : judgement.expected.verdicts)
    expected.push_back(litmus::name(verdict));
  Json states = Json::array();
  for (const judge::FinalState& state : judgement.states)
    states.push_back({{"state", state.text}, {"holds", state.holds}, {"count", state.count}});
  Json failures = Json::array();
  for (const explore::Failure& failure : judgement.failures)
    failures.push_back(
        {{"kind", explore::name(failure.kind)}, {"what", failure.what}, {"count", failure.count}});
  return {{"rules", judgement.variant.text},
          {"memory", explore::name(judgement.memory)},
          {"verdict", litmus::name(judgement.verdict)},
          {"expected", std::move(expected)},
          {"standing", name(judgement.standing)},
          {"positive", judgement.positive},
          {"negative", judgement.negative},
          {"states", std::move(states)},
          {"failures", std::move(failures)},
          {"unreached", judgement.unreached},
          {"coverage", judgement.coverage.text()},
          {"exhaustive", judgement.exhaustive()},
          {"executions", judgement.traces},
          {"cut", judgement.cut},
          {"steps", judgement.steps},
          {"visited", judgement.visited},
          {"seconds", judgement.seconds}};
}

nlohmann::ordered_json json(const judge::TestFiles& tests,
                            const std::vector<judge::Judgement>& judgements, explore::Search search,
                            double seconds) {
  Json all = Json::array();
  for (const auto& file : tests) {
    Json of_test = Json::array();
    for (const judge::Judgement& judgement : judgements)
      if (judgement.test == &file->test) of_test.push_back(json(judgement));
    all.push_back({{"name", file->name},
                   {"path", file->said},
                   {"about", file->test.about},
                   {"source", file->test.source},
                   {"why", file->test.why},
                   {"claim", litmus::name(file->test.final.claim)},
                   {"condition", litmus::print(file->test.final.condition)},
                   {"judgements", std::move(of_test)}});
  }
  const auto count = [&](judge::Standing standing) {
    return ranges::count(judgements, standing, &judge::Judgement::standing);
  };
  return {{"version", 1},
          {"search", report::name(search)},
          {"tests", std::move(all)},
          {"summary",
           {{"judgements", judgements.size()},
            {"as_expected", count(judge::Standing::expected)},
            {"open", count(judge::Standing::open)},
            {"deviate", count(judge::Standing::deviates)},
            {"seconds", seconds}}}};
}

}  // namespace lab::report
