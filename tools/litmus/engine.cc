#include "tools/litmus/engine.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "lab/engine/judge.h"

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
  // `next` hands each test to one thread; results are read after the threads have been joined.
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < files.size(); i = next++)
      slots[i] = lab::engine::judge(files[i]->test, options.drop, memory, how);
  };
  {
    std::vector<std::jthread> helpers;
    for (unsigned i = 1; i < options.threads; ++i) helpers.emplace_back(work);
    work();
  }
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

lab::report::Column engine_column(const lab::judge::TestFiles& files,
                                  const std::vector<lab::judge::Judgement>& judgements,
                                  const std::vector<NotRun>& not_run) {
  lab::report::Column column;
  column.name = lab::engine::kName;
  column.kernels = "cleave's own code";
  column.about =
      "The library's sources, explored in every order; each end must be one that rule-set cleave "
      "has.";
  for (const lab::judge::Judgement& judgement : judgements) {
    lab::report::Column::Cell cell{};
    cell.test = judgement.test;
    cell.verdict = judgement.verdict;
    cell.standing = judgement.standing;
    cell.said = fmt::format("{} runs, {}", judgement.traces, judgement.coverage.text());
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
