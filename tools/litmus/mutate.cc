// `cleave litmus mutate`: is there a test for each knob, fence and re-check of a rule-set?
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/hunt/hunt.h"
#include "lab/model/fences.h"
#include "lab/report/style/style.h"
#include "lab/words/counted.h"
#include "tools/console/exit.h"
#include "tools/console/interrupt.h"
#include "tools/litmus/litmus.h"

namespace cleave::litmus {
namespace {

// Every rule-set that differs from `base` in one answer, or lacks one fence.
std::vector<lab::judge::Variant> mutants(const lab::judge::Variant& base) {
  std::vector<lab::judge::Variant> result;
  for (const lab::model::Rules& next : lab::model::neighbours(base.rules))
    result.push_back({next.name, base.base, next, base.drop});
  for (const lab::model::Fence& fence : lab::model::fences())
    result.push_back(*lab::judge::without(base, fence.name));
  return result;
}

using Key = std::pair<const lab::litmus::Test*, lab::explore::Memory>;
using Ends = std::map<Key, lab::judge::Judgement>;  // of the rule-set as it is

// Whether other ends can be than under the rule-set as it is, whatever the test expects. What was
// cut off shows no more than what it saw.
bool notices(const lab::judge::Judgement& judgement, const Ends& as_it_is) {
  const auto found = as_it_is.find({judgement.test, judgement.memory});
  if (found == as_it_is.end()) return false;
  const lab::judge::Judgement& base = found->second;
  const auto ends = [](const lab::judge::Judgement& of) {
    std::set<std::string> texts;
    for (const lab::judge::FinalState& state : of.states) texts.insert(state.text);
    return texts;
  };
  const auto fails = [](const lab::judge::Judgement& of) {
    std::set<lab::explore::Failure::Kind> kinds;
    for (const lab::explore::Failure& failure : of.failures) kinds.insert(failure.kind);
    return kinds;
  };
  if (judgement.exhaustive() && base.exhaustive())
    return ends(judgement) != ends(base) || fails(judgement) != fails(base);
  return base.exhaustive() && (!std::ranges::includes(ends(base), ends(judgement)) ||
                               !std::ranges::includes(fails(base), fails(judgement)));
}

// The names of the tests that notice, by the text of the mutant.
using Noticed = std::map<std::string, std::vector<std::string>>;

Ends ends_of(const lab::judge::TestFiles& files, const lab::judge::Variant& base,
             const lab::judge::Effort& effort, unsigned jobs) {
  Ends result;
  for (const lab::explore::Memory memory : {lab::explore::Memory::sc, lab::explore::Memory::tso}) {
    const auto cases = lab::judge::cases_of(tests_of(files), {base}, memory, false);
    for (lab::judge::Judgement& judgement : judge(cases, effort, jobs))
      result.insert_or_assign({judgement.test, memory}, std::move(judgement));
  }
  return result;
}

void judge_mutants(const lab::judge::TestFiles& files, const std::vector<lab::judge::Variant>& of,
                   const Ends& as_it_is, lab::explore::Memory memory,
                   const lab::judge::Effort& effort, unsigned jobs, Noticed& noticed) {
  const std::vector<lab::judge::Case> cases =
      lab::judge::cases_of(tests_of(files), of, memory, false);
  for (const lab::judge::Judgement& judgement : judge(cases, effort, jobs)) {
    if (!notices(judgement, as_it_is)) continue;
    const auto file = std::ranges::find_if(
        files, [&](const auto& each) { return &each->test == judgement.test; });
    noticed[judgement.variant.text].push_back(
        (*file)->name + (memory == lab::explore::Memory::tso ? " (tso)" : ""));
  }
}

// What programs that nobody wrote say of changes that no test notices.
struct Generated {
  std::map<std::string, std::string> first;  // by the text of the mutant: the shortest
  std::uint64_t programs = 0;                // that each of the others was asked of
};

Generated hunt_for(const std::vector<lab::judge::Variant>& changes, const lab::judge::Variant& base,
                   unsigned jobs) {
  lab::hunt::Options options;
  options.variants = changes;
  options.reference = base;
  options.starts = *lab::hunt::parse_starts("all");
  options.words = *lab::hunt::parse_shapes("usual");
  options.depth = 3;
  options.before_words = *lab::hunt::parse_shapes(lab::hunt::kBeforeWords);
  options.race_words = *lab::hunt::parse_shapes(lab::hunt::kRaceWords);
  options.after_words = *lab::hunt::parse_shapes(lab::hunt::kAfterWords);
  options.before = 0;
  options.memories = {lab::explore::Memory::sc, lab::explore::Memory::tso};
  lab::hunt::Effort effort;
  effort.jobs = jobs;
  effort.stop = [] { return console::interrupted.load(); };
  lab::hunt::Answers answers;
  lab::hunt::hunt(parts_of(options), effort, answers);
  const lab::hunt::Answer all = total(answers);
  Generated generated{{}, all.programs};
  for (const auto& [key, finding] : all.findings)  // shortest first
    for (const std::string& mutant : finding.rules)
      generated.first.emplace(
          mutant, fmt::format("{} [{}]{}", key.program, finding.end,
                              key.memory == "sc" ? "" : fmt::format(" ({})", key.memory)));
  return generated;
}

void print(const std::vector<lab::judge::Variant>& all, const Noticed& noticed,
           const Generated& generated) {
  constexpr std::size_t kShown = 2;
  const lab::report::Style style = lab::report::style_of(STDOUT_FILENO);
  std::size_t width = 0;
  for (const lab::judge::Variant& mutant : all) width = std::max(width, mutant.text.size());
  for (const lab::judge::Variant& mutant : all) {
    std::string what;
    if (const auto tests = noticed.find(mutant.text); tests != noticed.end()) {
      const std::size_t count = tests->second.size();
      const auto begin = tests->second.begin();
      what = fmt::format(
          "{}",
          fmt::join(begin, begin + static_cast<std::ptrdiff_t>(std::min(count, kShown)), ", "));
      if (count > kShown) what += fmt::format(" and {} more", count - kShown);
    } else {
      what = style.bad("NOT noticed by any test");
      const auto seen = generated.first.find(mutant.text);
      if (seen != generated.first.end())
        what += fmt::format("; by {}", seen->second);
      else if (generated.programs > 0)
        what += "; equal in " + lab::words::counted(generated.programs, "generated program");
    }
    fmt::print("{:<{}}  {}\n", mutant.text, width, what);
  }
}

}  // namespace

void mutate(const std::string& rules, const std::vector<std::string>& names, unsigned jobs) {
  lab::judge::Effort effort;
  effort.max_seconds = kSeconds;
  const std::vector<lab::judge::Variant> named = variants({rules});
  if (named.size() != 1) stop(2, "mutate: name one rule-set\n");
  const lab::judge::Variant& base = named.front();
  const lab::judge::TestFiles files = load(names);
  const Ends as_it_is = ends_of(files, base, effort, jobs);
  const std::vector<lab::judge::Variant> all = mutants(base);
  Noticed noticed;
  judge_mutants(files, all, as_it_is, lab::explore::Memory::sc, effort, jobs, noticed);
  // What no order of steps shows, late stores may.
  std::vector<lab::judge::Variant> rest;
  for (const lab::judge::Variant& mutant : all)
    if (!noticed.contains(mutant.text)) rest.push_back(mutant);
  judge_mutants(files, rest, as_it_is, lab::explore::Memory::tso, effort, jobs, noticed);

  std::erase_if(rest, [&](const auto& mutant) { return noticed.contains(mutant.text); });
  // Who names tests asks what those notice.
  const bool generates = names.empty() && !rest.empty() && rest.size() <= 64;
  const Generated generated = generates ? hunt_for(rest, base, jobs) : Generated{};
  if (console::interrupted) stop(130, "interrupted: not all changes were tried\n");
  print(all, noticed, generated);
  fmt::print("{} of {}; {} not noticed{}\n", lab::words::counted(all.size(), "change"), base.text,
             rest.size(),
             generates ? fmt::format(" by any test, {} of them by a generated program",
                                     generated.first.size())
                       : "");
  if (!rest.empty()) throw console::Exit{1};
}

}  // namespace cleave::litmus
