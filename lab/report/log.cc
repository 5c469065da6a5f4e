#include "lab/report/log.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/litmus/print.h"
#include "lab/litmus/vocabulary.h"

namespace lab {
namespace {

const char* observation(const Judgement& judgement) {
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

std::string histogram(const Judgement& judgement, const Look& look) {
  std::string text = fmt::format("States {}\n", judgement.states.size());
  for (const FinalState& state : judgement.states) {
    const std::string line =
        fmt::format("{:<8}{}> {}", state.count, state.holds ? '*' : ':', state.text);
    text += (state.holds ? look.strong(line) : line) + '\n';
  }
  return text;
}

std::string failures(const Judgement& judgement, const Look& look) {
  std::string text;
  for (const Failure& failure : judgement.failures)
    text += look.bad(fmt::format("{:<8}{}", failure.count, name(failure.kind))) +
            fmt::format(": {}\n", failure.what);
  return text;
}

std::string standing(const Judgement& judgement, const Look& look) {
  const std::string expected = judgement.expected.text();
  std::string text;
  switch (judgement.standing) {
    case Standing::expected:
      text = judgement.expected.verdicts.empty()
                 ? "Expected nothing\n"
                 : fmt::format("Expected {}  {}\n", expected, look.good("Ok"));
      break;
    case Standing::open:
      text = fmt::format("Expected {}  open: not all was searched\n", expected);
      break;
    case Standing::deviates:
      text = fmt::format("Expected {}  {}\n", expected, look.bad("No"));
  }
  if (!judgement.unreached.empty())
    text += fmt::format("Not reached {}\n", fmt::join(judgement.unreached, ", "));
  return text;
}

}  // namespace

const char* name(Search search) {
  switch (search) {
    case Search::dpor:
      return "dpor";
    case Search::states:
      return "states";
    case Search::bound:
      return "bound";
    case Search::random:
      return "random";
    case Search::pct:
      return "pct";
    case Search::naive:
      return "naive";
  }
  return "";
}

const char* name(Standing standing) {
  switch (standing) {
    case Standing::expected:
      return "as expected";
    case Standing::open:
      return "open";
    case Standing::deviates:
      return "deviates";
  }
  return "";
}

std::string log(const Judgement& judgement, Search search, const Look& look) {
  const litmus::Final& final = judgement.test->final;
  const std::string condition =
      fmt::format("{} ({})", litmus::name(final.claim), litmus::print(final.condition));
  std::string text = fmt::format("Test {} {}\n", judgement.test->name, kind(final.claim));
  text += fmt::format("\"{}\"\n", judgement.test->about);
  text += fmt::format("Rules {}  Memory {}  Search {} ({})\n", judgement.variant.text,
                      judgement.memory == Memory::sc ? "sc" : "tso", name(search),
                      judgement.coverage.text());
  text += histogram(judgement, look);
  text += failures(judgement, look);
  text +=
      fmt::format("Witnesses\nPositive: {} Negative: {}\n", judgement.positive, judgement.negative);
  text += fmt::format("Condition {}\n", condition);
  text += fmt::format("Observation {} {} {} {}\n", judgement.test->name, observation(judgement),
                      judgement.positive, judgement.negative);
  text += standing(judgement, look);
  text += fmt::format("Executions {}  cut {}  steps {}", judgement.traces, judgement.cut,
                      judgement.steps);
  if (judgement.visited > 0) text += fmt::format("  states {}", judgement.visited);
  text += fmt::format("\nTime {} {:.3f}\n", judgement.test->name, judgement.seconds);
  return text;
}

}  // namespace lab
