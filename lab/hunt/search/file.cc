#include "lab/hunt/search/file.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/hunt/program/applies.h"
#include "lab/judge/expected.h"
#include "lab/judge/judge.h"
#include "lab/litmus/print.h"
#include "lab/portable/ranges.h"
#include "lab/spec/observation.h"

namespace lab::hunt {
namespace {

using litmus::Verdict;

// "E1,drop=fork.seq" as the language has it.
litmus::Judges judges_of(const std::string& variant) {
  litmus::Judges judges;
  for (std::size_t at = 0; at <= variant.size();) {
    const std::size_t end = std::min(variant.find(',', at), variant.size());
    const std::string part = variant.substr(at, end - at);
    const std::size_t equals = part.find('=');
    if (at == 0)
      judges.first = part;
    else
      judges.changes.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    at = end + 1;
  }
  return judges;
}

Verdict guess(const Program& program, const Shown& shown, bool shows) {
  if (!shows) return Verdict::never;
  if (shown.kind == spec::name(spec::Harm::broken)) return Verdict::broken;
  if (shown.kind == spec::name(spec::Harm::hang)) return Verdict::hang;
  return program.race ? Verdict::sometimes : Verdict::always;
}

litmus::Expect expect_of(const litmus::Test& test, const Program& program, explore::Memory memory,
                         const Shown& shown, const Options& options,
                         const std::vector<bool>& shows) {
  litmus::Expect expect;
  expect.memory = judge::language_of(memory);
  for (std::size_t i = 0; i < options.variants.size(); ++i) {
    if (!applies(options.variants[i], program)) continue;
    Verdict verdict = guess(program, shown, shows[i]);
    judge::Effort effort;
    effort.max_runs = 20'000;
    if (options.performer == nullptr)
      if (const auto judgement = judge::judge(test, options.variants[i], memory, effort))
        verdict = judgement->verdict;
    auto group = ranges::find(expect.groups, verdict, &litmus::Expect::Group::verdict);
    if (group == expect.groups.end()) group = expect.groups.insert(group, {{}, verdict});
    group->judges.push_back(judges_of(options.variants[i].text));
  }
  return expect;
}

// The rule-sets under which it shows, for a sentence.
std::string under(const Options& options, const std::vector<bool>& shows) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < shows.size(); ++i)
    if (shows[i]) names.push_back(options.variants[i].text);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string about(const Shown& shown, const Options& options) {
  if (shown.kind == "leak") return "A process sees bytes that were never its own: " + shown.what;
  if (shown.kind == "lost")
    return "A write is not seen by who must see it, or a pin and its owner part: " + shown.what;
  if (shown.kind == "killed") return "A process dies of what it was allowed to do: " + shown.what;
  if (shown.kind == "hang") return "A call never returns";
  if (shown.kind == "broken") return "The books do not balance: " + shown.what;
  return fmt::format("It ends otherwise than under {}: {}",
                     options.reference ? options.reference->text : "another", shown.what);
}

std::string why(const Program& program, const Shown& shown, const Options& options,
                const std::vector<bool>& shows) {
  std::string text = fmt::format("{} gives this end. ", under(options, shows));
  if (shown.kind == "leak")
    text +=
        "After a fork each process has a memory of its own, so whoever runs as one can read "
        "what the other writes.";
  else if (shown.kind == "lost")
    text += "Data that a program or a device wrote is gone, and nothing has said so.";
  else if (shown.kind == "killed" || shown.kind == "hang")
    text += "A program that does nothing wrong does not go on.";
  else if (shown.kind == "broken")
    text +=
        "What the rules claim of their own counts and marks no longer holds, so what they "
        "decide by them means nothing.";
  else
    text += "A program can tell the two apart.";
  text += program.size() == 1 ? " It takes one act."
                              : fmt::format(" It takes all {} acts.", program.size());
  return text;
}

std::string sentence(const std::string& text) {
  return text.empty() || text.back() == '.' ? text : text + '.';
}

}  // namespace

std::string file_of(const Program& program, explore::Memory memory, const Shown& shown,
                    const Options& options, const std::vector<bool>& shows) {
  const auto orders = promises(program);
  litmus::Test test = test_of(program, orders->front());
  test.name = name_of(program, shown.kind);
  test.about = sentence(about(shown, options));
  test.source = "found by cleave litmus hunt: " + text(program);
  test.why = why(program, shown, options, shows);
  test.final.claim = litmus::Claim::forbidden;
  if (shown.end) {
    test.final.condition = *shown.end;
  } else {
    test.final.condition.atom.kind = litmus::AtomKind::killed;
    test.final.condition.atom.process = spec::process_name(0);
  }
  test.expects.push_back(expect_of(test, program, memory, shown, options, shows));
  return litmus::print(test);
}

}  // namespace lab::hunt
