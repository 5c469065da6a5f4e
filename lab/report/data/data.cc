#include "lab/report/data/data.h"

#include <algorithm>
#include <utility>

#include "lab/litmus/print.h"
#include "lab/litmus/vocabulary.h"
#include "lab/portable/ranges.h"
#include "lab/report/data/names.h"
#include "lab/report/data/run.h"

namespace lab::report {
namespace {

using Json = nlohmann::ordered_json;

// Whether it shows what the test forbids.
bool harm(const litmus::Test& test, litmus::Verdict verdict) {
  using litmus::Verdict;
  if (verdict == Verdict::hang || verdict == Verdict::broken) return true;
  switch (test.final.claim) {
    case litmus::Claim::forbidden:
      return verdict != Verdict::never;
    case litmus::Claim::always:
      return verdict != Verdict::always;
    default:
      return false;
  }
}

Json json(const std::vector<explore::Failure>& failures) {
  Json result = Json::array();
  for (const explore::Failure& failure : failures)
    result.push_back(Json::array({explore::name(failure.kind), failure.what, failure.count}));
  return result;
}

Json cell_of(const judge::Judgement& judgement) {
  Json states = Json::array();
  for (const judge::FinalState& state : judgement.states)
    states.push_back(Json::array({state.text, state.holds ? 1 : 0, state.count}));
  return {{"judge", judgement.variant.text},
          {"memory", explore::name(judgement.memory)},
          {"column", judgement.base_case},
          {"verdict", litmus::name(judgement.verdict)},
          {"harm", harm(*judgement.test, judgement.verdict)},
          {"expected", judgement.expected.text()},
          {"standing", name(judgement.standing)},
          {"runs", judgement.positive + judgement.negative},
          {"positive", judgement.positive},
          {"coverage", judgement.coverage.text()},
          {"exhaustive", judgement.exhaustive()},
          {"states", std::move(states)},
          {"failures", json(judgement.failures)},
          {"unreached", judgement.unreached},
          {"run", nullptr}};
}

Json cell_of(const Column& column, const Column::Cell& cell, InternTables& shelves) {
  Json states = Json::array();
  for (const Column::Cell::End& end : cell.ends)
    states.push_back(Json::array({end.text, end.holds ? 1 : 0, end.count}));
  Json run = nullptr;
  if (cell.recording) run = shelves.runs(run_of(*cell.recording, shelves));
  if (cell.shown) run = shelves.runs(run_of(cell.shown->explanation, cell.shown->views, shelves));
  return {{"judge", column.name},
          {"column", true},
          {"verdict", cell.skipped ? "skipped" : litmus::name(cell.verdict)},
          {"harm", !cell.skipped && harm(*cell.test, cell.verdict)},
          {"standing", cell.skipped ? "" : name(cell.standing)},
          {"said", cell.said},
          {"states", std::move(states)},
          {"failures", json(cell.failures)},
          {"unreached", Json::array()},
          {"run", std::move(run)}};
}

// Those of the model that there is a judgement of, in its order, and then the others.
Json judges_of(const std::vector<judge::Judgement>& judgements,
               const std::vector<Column>& columns) {
  const auto set_of = [](const judge::Variant* variant) {
    return ranges::find(model::rule_sets(), variant->base, &model::RuleSet::name) -
           model::rule_sets().begin();
  };
  std::vector<const judge::Variant*> variants;
  for (const judge::Judgement& judgement : judgements)
    if (judgement.base_case && ranges::none_of(variants, [&](const judge::Variant* added) {
          return added->text == judgement.variant.text;
        }))
      variants.push_back(&judgement.variant);
  ranges::stable_sort(variants, {}, set_of);
  Json judges = Json::array();
  for (const judge::Variant* variant : variants) {
    const model::RuleSet& set = model::rule_sets()[static_cast<std::size_t>(set_of(variant))];
    judges.push_back({{"name", variant->text},
                      {"kernels", std::string(set.kernels)},
                      {"about", std::string(set.about)}});
  }
  for (const Column& column : columns)
    judges.push_back({{"name", column.name}, {"kernels", column.kernels}, {"about", column.about}});
  return judges;
}

Json names_of(const litmus::Test& test) {
  const auto planned = judge::plan(test);
  if (!planned) return nullptr;
  Json pages = Json::array();
  for (const model::PageSetup& page : planned->setup.pages)
    pages.push_back(Json::array({page.name, page.pages}));
  return {{"pages", std::move(pages)},
          {"processes", planned->processes},
          {"references", planned->references}};
}

Json test_of(const judge::TestFile& file) {
  return {
      {"name", file.name},
      {"harm",
       file.name.find('/') == std::string::npos ? "" : file.name.substr(0, file.name.find('/'))},
      {"path", file.said},
      {"about", file.test.about},
      {"source", file.test.source},
      {"why", file.test.why},
      {"claim", litmus::name(file.test.final.claim)},
      {"condition", litmus::print(file.test.final.condition)},
      {"text", litmus::print(file.test)},
      {"names", names_of(file.test)}};
}

}  // namespace

tl::expected<std::optional<Shown>, explore::Refusal> show(const judge::Judgement& judgement,
                                                          double max_seconds) {
  if (!judge::worth_explaining(judgement)) return std::nullopt;
  auto explanation = judge::explain(judgement, max_seconds);
  if (!explanation) return tl::unexpected(std::move(explanation.error()));
  auto seen = judge::views(*explanation);
  if (!seen) return tl::unexpected(std::move(seen.error()));
  return Shown{std::move(*explanation), std::move(*seen)};
}

nlohmann::ordered_json data_of(const judge::TestFiles& tests,
                               const std::vector<judge::Judgement>& judgements,
                               const std::vector<std::optional<Shown>>& shown,
                               const std::vector<Column>& columns, explore::Search search) {
  InternTables shelves;
  Json all = Json::array();
  for (const auto& file : tests) {
    Json test = test_of(*file);
    Json cells = Json::array();
    for (std::size_t i = 0; i < judgements.size(); ++i) {
      if (judgements[i].test != &file->test) continue;
      Json cell = cell_of(judgements[i]);
      if (const std::optional<Shown>& run = shown[i])
        cell["run"] = shelves.runs(run_of(run->explanation, run->views, shelves));
      cells.push_back(std::move(cell));
    }
    for (const Column& column : columns)
      for (const Column::Cell& cell : column.cells)
        if (cell.test == &file->test) cells.push_back(cell_of(column, cell, shelves));
    test["cells"] = std::move(cells);
    all.push_back(std::move(test));
  }
  return {{"version", 1},
          {"search", name(search)},
          {"judges", judges_of(judgements, columns)},
          {"tests", std::move(all)},
          {"words", shelves.words.values()},
          {"views", shelves.views.values()},
          {"runs", shelves.runs.values()}};
}

}  // namespace lab::report
