#include "lab/report/log.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/litmus/print.h"
#include "lab/litmus/vocabulary.h"

namespace lab::report {
namespace {

const char* observation(const judge::Judgement& judgement) {
  if (judgement.positive == 0) return "Never";
  return judgement.negative == 0 ? "Always" : "Sometimes";
}

const char* kind(litmus::Claim claim) {
  switch (claim) {
    case litmus::Claim::forbidden:
      return "Forbidden";
    case litmus::Claim::always:
      return "Required";
    default:
      return "Allowed";
  }
}

std::string histogram(const judge::Judgement& judgement, const Style& style) {
  std::string text = fmt::format("States {}\n", judgement.states.size());
  for (const judge::FinalState& state : judgement.states) {
    const std::string line =
        fmt::format("{:<8}{}> {}", state.count, state.holds ? '*' : ':', state.text);
    text += (state.holds ? style.strong(line) : line) + '\n';
  }
  return text;
}

std::string failures(const judge::Judgement& judgement, const Style& style) {
  std::string text;
  for (const explore::Failure& failure : judgement.failures)
    text += style.bad(fmt::format("{:<8}{}", failure.count, explore::name(failure.kind))) +
            fmt::format(": {}\n", failure.what);
  return text;
}

std::string standing(const judge::Judgement& judgement, const Style& style) {
  const std::string expected = judgement.expected.text();
  std::string text;
  switch (judgement.standing) {
    case judge::Standing::expected:
      text = judgement.expected.verdicts.empty()
                 ? "Expected nothing\n"
                 : fmt::format("Expected {}  {}\n", expected, style.good("Ok"));
      break;
    case judge::Standing::open:
      text = fmt::format("Expected {}  open: not all was searched\n", expected);
      break;
    case judge::Standing::deviates:
      text = fmt::format("Expected {}  {}\n", expected, style.bad("No"));
  }
  if (!judgement.unreached.empty())
    text += fmt::format("Not reached {}\n", fmt::join(judgement.unreached, ", "));
  return text;
}

}  // namespace

std::string log(const judge::Judgement& judgement, explore::Search search, const Style& style) {
  const litmus::Final& final = judgement.test->final;
  const std::string condition =
      fmt::format("{} ({})", litmus::name(final.claim), litmus::print(final.condition));
  std::string text = fmt::format("Test {} {}\n", judgement.test->name, kind(final.claim));
  text += fmt::format("\"{}\"\n", judgement.test->about);
  text += fmt::format("Rules {}  Memory {}  Search {} ({})\n", judgement.variant.text,
                      explore::name(judgement.memory), name(search), judgement.coverage.text());
  text += histogram(judgement, style);
  text += failures(judgement, style);
  text +=
      fmt::format("Witnesses\nPositive: {} Negative: {}\n", judgement.positive, judgement.negative);
  text += fmt::format("Condition {}\n", condition);
  text += fmt::format("Observation {} {} {} {}\n", judgement.test->name, observation(judgement),
                      judgement.positive, judgement.negative);
  text += standing(judgement, style);
  text += fmt::format("Executions {}  cut {}  steps {}", judgement.traces, judgement.cut,
                      judgement.steps);
  if (judgement.visited > 0) text += fmt::format("  states {}", judgement.visited);
  text += fmt::format("\nTime {} {:.3f}\n", judgement.test->name, judgement.seconds);
  return text;
}

}  // namespace lab::report
