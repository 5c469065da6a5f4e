#include "tools/litmus/engine.h"

#include <algorithm>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "lab/engine/judge.h"
#include "lab/engine/views/views.h"
#include "lab/explore/search/jobs.h"
#include "lab/words/counted.h"

namespace cleave::litmus {

bool takes_engine(std::vector<std::string>& rules) {
  if (rules.empty()) return true;
  bool found = false;
  for (std::string& text : rules) {
    std::string rest;
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find_first_of("+ ", at), text.size());
      const std::string one = text.substr(at, end - at);
      if (one == lab::engine::kName)
        found = true;
      else
        rest += (rest.empty() ? "" : "+") + one;
      at = end + 1;
    }
    text = rest;
  }
  std::erase(rules, std::string());
  return found;
}

std::vector<lab::judge::Judgement> judge_by_engine(const lab::judge::TestFiles& files,
                                                   const Options& options,
                                                   const lab::judge::Effort& effort,
                                                   std::vector<NotRun>& not_run) {
  using Judged = tl::expected<lab::engine::Judged, lab::explore::Refusal>;
  const lab::explore::Memory memory = memory_of(options.memory);
  // Few tests have more runs than that; they stay open, unless more is asked for.
  constexpr std::uint64_t kMostRuns = 30'000;
  lab::judge::Effort how = effort;
  if (!how.max_seconds) how.max_runs = kMostRuns;
  std::vector<std::optional<Judged>> slots(files.size());
  lab::explore::share_out(files.size(), options.jobs, [&](std::size_t i) {
    slots[i] = lab::engine::judge(files[i]->test, options.drop, memory, how);
  });
  std::vector<lab::judge::Judgement> judgements;
  for (std::size_t i = 0; i < files.size(); ++i) {
    Judged& judged = *slots[i];
    if (!judged)
      stop(2, fmt::format("{} by the engine: {}\n", files[i]->name, judged.error().what));
    if (auto* skipped = std::get_if<lab::engine::Skipped>(&*judged))
      not_run.push_back({files[i]->name, skipped->why});
    else
      judgements.push_back(std::move(std::get<lab::judge::Judgement>(*judged)));
  }
  return judgements;
}

bool is_engines(const lab::judge::Judgement& judgement) {
  return judgement.variant.text.starts_with(lab::engine::kName);
}

tl::expected<lab::judge::Explanation, lab::explore::Refusal> explain_engine(
    const lab::judge::Judgement& judgement) {
  return lab::engine::explain(judgement);
}

tl::expected<lab::judge::Explanation, lab::explore::Refusal> replay_on_engine(
    const lab::litmus::Test& test, const std::string& token) {
  return lab::engine::replay(test, token);
}

namespace {

using Shown = tl::expected<std::shared_ptr<const lab::report::Shown>, lab::explore::Refusal>;

// The run of a judgement, to be stepped through, also where all is well; null: there is none.
Shown show(const lab::judge::Judgement& judgement) {
  constexpr double kSeconds = 0.25;  // as for the rule-sets: lab::report::PageOptions
  if (judgement.failures.empty() && judgement.states.empty()) return nullptr;
  auto explanation = lab::engine::explain(judgement, kSeconds);
  if (!explanation) return tl::unexpected(std::move(explanation.error()));
  auto views = lab::engine::views(*explanation);
  if (!views) return tl::unexpected(std::move(views.error()));
  return std::make_shared<const lab::report::Shown>(
      lab::report::Shown{std::move(*explanation), std::move(*views)});
}

}  // namespace

lab::report::Column engine_column(const lab::judge::TestFiles& files,
                                  const std::vector<lab::judge::Judgement>& judgements,
                                  const std::vector<NotRun>& not_run, unsigned jobs) {
  std::vector<Shown> shown(judgements.size());
  lab::explore::share_out(shown.size(), jobs,
                          [&](std::size_t i) { shown[i] = show(judgements[i]); });
  lab::report::Column column;
  column.name = lab::engine::kName;
  column.kernels = "cleave's own code";
  column.about =
      "The library's sources, explored in every order; each end must be one that rule-set cleave "
      "has.";
  for (std::size_t i = 0; i < judgements.size(); ++i) {
    const lab::judge::Judgement& judgement = judgements[i];
    if (!shown[i])
      stop(2, fmt::format("{} by the engine cannot be shown: {}\n", judgement.test->name,
                          shown[i].error().what));
    lab::report::Column::Cell cell{};
    cell.test = judgement.test;
    cell.verdict = judgement.verdict;
    cell.standing = judgement.standing;
    cell.said = lab::words::counted(judgement.traces, "run") + ", " + judgement.coverage.text();
    cell.failures = judgement.failures;
    cell.shown = *shown[i];
    for (const lab::judge::FinalState& state : judgement.states)
      cell.ends.push_back({state.text, state.holds, state.count});
    column.cells.push_back(std::move(cell));
  }
  for (const NotRun& one : not_run) {
    const auto file =
        std::ranges::find_if(files, [&](const auto& each) { return each->name == one.test; });
    lab::report::Column::Cell cell{};
    cell.test = &(*file)->test;
    cell.said = one.why;
    cell.skipped = true;
    column.cells.push_back(std::move(cell));
  }
  return column;
}

}  // namespace cleave::litmus
