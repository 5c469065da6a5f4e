#include "lab/judge/explanation.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "lab/judge/test_program.h"
#include "lab/portable/ranges.h"

namespace lab::judge {
namespace {

Explanation explanation_of(const litmus::Test& test, const Variant& variant) {
  Explanation explanation;
  explanation.plan = std::make_unique<Plan>(*plan(test));  // It was planned before.
  explanation.rules = std::make_unique<model::Rules>(variant.rules);
  return explanation;
}

std::vector<std::uint64_t> answers_of(const explore::Outcome& outcome) {
  std::vector<std::uint64_t> answers;
  for (const explore::Outcome::Value& value : outcome.values()) answers.push_back(value.value);
  return answers;
}

// Whether ends are to be explained where the condition holds, or where it does not.
bool wanted(const Judgement& judgement) {
  return judgement.test->final.claim != litmus::Claim::always;
}

const FinalState* state_to_explain(const Judgement& judgement) {
  const auto found = ranges::find(judgement.states, wanted(judgement), &FinalState::holds);
  return found == judgement.states.end() ? nullptr : &*found;
}

// The steps in which a thread notes a register that the condition asks for. Nothing: it asks for
// more than that.
std::function<bool(const explore::Trace&, std::size_t)> notes(const Plan& plan) {
  std::set<std::pair<std::string, std::string>> of;  // a thread's name, and what it is about
  for (const Quantity& quantity : plan.quantities) {
    if (quantity.atom->kind != litmus::AtomKind::reg) return nullptr;
    for (const ThreadPlan& thread : plan.threads)
      for (const Instruction& instruction : thread.code)
        if (instruction.result == quantity.reg) of.emplace(thread.name, instruction.text);
  }
  return [of](const explore::Trace& trace, std::size_t at) {
    const explore::Event& event = trace.events[at];
    const std::string& thread = trace.threads[static_cast<std::size_t>(event.thread)];
    return event.label == kNoteResult && of.contains({thread, event.operation});
  };
}

// Keeps what describe() would put into words.
class Watched : public TestProgram {
 public:
  Watched(const Plan& plan, const model::Rules& rules, std::vector<model::View>& views)
      : TestProgram(plan, rules), views_(views) {}

  void start(explore::Threads& threads) override {
    views_.assign(1, view());
    TestProgram::start(threads);
  }
  std::string describe() override {
    views_.push_back(view());
    return {};
  }

 private:
  std::vector<model::View>& views_;
};

}  // namespace

bool worth_explaining(const Judgement& judgement) {
  return !judgement.failures.empty() || state_to_explain(judgement) != nullptr;
}

tl::expected<Explanation, explore::Refusal> explain(const Judgement& judgement, double max_seconds,
                                                    const Maker& maker) {
  Explanation explanation = explanation_of(*judgement.test, judgement.variant);
  const Plan& plan = *explanation.plan;
  explore::Explain how;
  how.max_seconds = max_seconds;
  if (!judgement.failures.empty()) {
    const explore::Failure& failure = judgement.failures.front();
    explanation.what = fmt::format("{}: {}", explore::name(failure.kind), failure.what);
    how.witness = failure.witness;
    how.question = [kind = failure.kind, what = failure.what](const explore::Finding& finding) {
      return finding.outcome == nullptr && finding.failure == kind &&
             (kind == explore::Failure::Kind::deadlock || finding.what == what);
    };
  } else {
    const FinalState* found = state_to_explain(judgement);
    const FinalState& state = found != nullptr ? *found : judgement.states.front();
    explanation.what = state.text;
    how.witness = state.witness;
    how.matters = notes(plan);
    how.question = [&plan, wants = state.holds](const explore::Finding& finding) {
      return finding.outcome != nullptr &&
             holds(plan.test->final.condition, plan, answers_of(*finding.outcome)) == wants;
    };
  }
  const explore::Factory factory = maker(plan, *explanation.rules);
  const explore::Options options = options_for(judgement.variant, judgement.memory, {});
  auto example = explore::explain(factory, options, how);
  if (!example) return tl::unexpected(std::move(example.error()));
  explanation.example = std::move(*example);
  return explanation;
}

tl::expected<Explanation, explore::Refusal> replay(const litmus::Test& test, const Variant& variant,
                                                   std::string_view token, const Maker& maker) {
  Explanation explanation = explanation_of(test, variant);
  const explore::Factory factory = maker(*explanation.plan, *explanation.rules);
  auto trace = explore::replay(factory, token);
  if (!trace) return tl::unexpected(std::move(trace.error()));
  explore::Counterexample& example = explanation.example;
  example.trace = std::move(*trace);
  explore::Options options = options_for(variant, example.trace.memory, {});
  options.drop = example.trace.drop;
  example.preemptions = explore::preemptions(factory, options, example.trace.schedule).value_or(0);
  for (std::size_t i = 0; i < example.trace.events.size(); ++i) {
    const explore::Event& event = example.trace.events[i];
    const bool flush = event.kind == explore::Event::Kind::flush;
    const bool goes_on = !example.lines.empty() && example.lines.back().thread == event.thread &&
                         example.lines.back().flush == flush;
    if (!goes_on) example.lines.push_back({event.thread, flush, false, {}});
    example.lines.back().events.push_back(i);
  }
  explanation.what = example.trace.broken.empty() ? example.trace.outcome.text()
                                                  : "broken: " + example.trace.broken;
  return explanation;
}

tl::expected<std::vector<model::View>, explore::Refusal> views(const Explanation& explanation,
                                                               const WatchedMaker& watched) {
  const explore::Trace& made = explanation.example.trace;
  std::vector<model::View> seen;
  explore::Options options;
  options.memory = made.memory;
  options.drop = made.drop;
  const explore::Factory factory = [&] { return watched(explanation, seen); };
  const auto trace = explore::record(factory, options, made.schedule);
  if (!trace) return tl::unexpected(trace.error());
  std::vector<model::View> result{seen.front()};
  std::size_t steps = 0;
  for (const explore::Event& event : trace->events) {
    // Stores into buffers and fences come beside a step, and change nothing that is seen.
    const bool beside =
        event.kind == explore::Event::Kind::put || event.kind == explore::Event::Kind::fence;
    if (!beside) ++steps;
    result.push_back(seen.at(std::min(steps, seen.size() - 1)));
  }
  return result;
}

tl::expected<std::vector<model::View>, explore::Refusal> views(const Explanation& explanation) {
  return views(explanation, [](const Explanation& of, std::vector<model::View>& into) {
    return std::make_unique<Watched>(*of.plan, *of.rules, into);
  });
}

}  // namespace lab::judge
