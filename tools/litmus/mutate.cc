// `cleave litmus mutate`: is there a test for each knob, fence and re-check of a rule-set?
#include <unistd.h>

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/model/fences.h"
#include "lab/report/style.h"
#include "tools/console/exit.h"
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

// What the test expects of the rule-set as it is: a mutant that does the same is not noticed.
bool notices(const lab::judge::Judgement& judgement, const lab::judge::Variant& base) {
  const lab::litmus::Memory memory = lab::judge::language_of(judgement.memory);
  const lab::judge::Expected expected = lab::judge::expected(*judgement.test, base, memory);
  return !expected.verdicts.empty() && !expected.has(judgement.verdict);
}

// The names of the tests that notice, by the text of the mutant.
using Noticed = std::map<std::string, std::vector<std::string>>;

// Takes out the tests that would notice every change, since they find the rule-set itself wrong.
// Their names.
std::vector<std::string> take_out_wrong(lab::judge::TestFiles& files,
                                        const lab::judge::Variant& base,
                                        const lab::judge::Effort& effort, unsigned jobs) {
  std::vector<std::string> names;
  for (const lab::explore::Memory memory : {lab::explore::Memory::sc, lab::explore::Memory::tso}) {
    const std::vector<lab::judge::Case> cases =
        lab::judge::cases_of(tests_of(files), {base}, memory, false);
    for (const lab::judge::Judgement& judgement : judge(cases, effort, jobs)) {
      if (!notices(judgement, base)) continue;
      const auto wrong = std::ranges::find_if(
          files, [&](const auto& file) { return &file->test == judgement.test; });
      names.push_back((*wrong)->name);
      files.erase(wrong);
    }
  }
  return names;
}

void judge_mutants(const lab::judge::TestFiles& files, const std::vector<lab::judge::Variant>& of,
                   const lab::judge::Variant& base, lab::explore::Memory memory,
                   const lab::judge::Effort& effort, unsigned jobs, Noticed& noticed) {
  const std::vector<lab::judge::Case> cases =
      lab::judge::cases_of(tests_of(files), of, memory, false);
  for (const lab::judge::Judgement& judgement : judge(cases, effort, jobs)) {
    if (!notices(judgement, base)) continue;
    const auto file = std::ranges::find_if(
        files, [&](const auto& each) { return &each->test == judgement.test; });
    noticed[judgement.variant.text].push_back(
        (*file)->name + (memory == lab::explore::Memory::tso ? " (tso)" : ""));
  }
}

}  // namespace

void mutate(const std::string& rules, const std::vector<std::string>& names,
            const lab::judge::Effort& effort, unsigned jobs) {
  const std::vector<lab::judge::Variant> named = variants({rules});
  if (named.size() != 1) stop(2, "mutate: name one rule-set\n");
  const lab::judge::Variant& base = named.front();
  lab::judge::TestFiles files = load(names);
  const std::vector<std::string> wrong = take_out_wrong(files, base, effort, jobs);
  if (!wrong.empty())
    fmt::print(stderr, "left out, since {} does not do what they expect: {}\n", base.text,
               fmt::join(wrong, ", "));
  const std::vector<lab::judge::Variant> all = mutants(base);
  Noticed noticed;
  judge_mutants(files, all, base, lab::explore::Memory::sc, effort, jobs, noticed);
  // What no order of steps shows, late stores may.
  std::vector<lab::judge::Variant> rest;
  for (const lab::judge::Variant& mutant : all)
    if (!noticed.contains(mutant.text)) rest.push_back(mutant);
  judge_mutants(files, rest, base, lab::explore::Memory::tso, effort, jobs, noticed);

  const lab::report::Style style = lab::report::style_of(STDOUT_FILENO);
  std::size_t missed = 0;
  std::size_t width = 0;
  for (const lab::judge::Variant& mutant : all) width = std::max(width, mutant.text.size());
  for (const lab::judge::Variant& mutant : all) {
    const auto found = noticed.find(mutant.text);
    if (found == noticed.end()) {
      ++missed;
      fmt::print("{:<{}}  {}\n", mutant.text, width, style.bad("NOT noticed by any test"));
      continue;
    }
    constexpr std::size_t kShown = 2;
    const auto& tests = found->second;
    const auto shown = std::vector(
        tests.begin(), tests.begin() + static_cast<std::ptrdiff_t>(std::min(tests.size(), kShown)));
    fmt::print("{:<{}}  {}{}\n", mutant.text, width, fmt::join(shown, ", "),
               tests.size() > kShown ? fmt::format(" and {} more", tests.size() - kShown) : "");
  }
  fmt::print("{} changes of {}; {} not noticed\n", all.size(), base.text, missed);
  if (missed > 0) throw console::Exit{1};
}

}  // namespace cleave::litmus
