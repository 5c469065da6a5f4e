// `cleave litmus rules`: what tests can be judged by.
#include "lab/model/decide/rules.h"

#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/model/fences.h"
#include "lab/report/style/style.h"
#include "tools/litmus/litmus.h"

namespace cleave::litmus {
namespace {

// `text` in lines of the terminal's width, each after `indent` blanks.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  const std::string margin(indent, ' ');
  std::string result;
  std::string line = margin;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (line.size() > indent && line.size() + 1 + end > width) {
      result += line + '\n';
      line = margin;
    }
    if (line.size() > indent) line += ' ';
    line += text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result + line + '\n';
}

std::string answer(const lab::model::Knob& knob, const lab::model::Rules& rules) {
  const std::uint32_t value = knob.get(rules);
  return knob.answers.empty() ? std::to_string(value) : std::string(knob.answers[value]);
}

// Which rule-sets give which answer: "map A B D0 D1; refs C0 C1".
std::string answers(const lab::model::Knob& knob) {
  std::vector<std::pair<std::string, std::vector<std::string_view>>> groups;
  for (const std::string_view each : knob.answers) groups.push_back({std::string(each), {}});
  for (const lab::model::RuleSet& set : lab::model::rule_sets()) {
    const std::string given = answer(knob, set.make());
    auto group = std::ranges::find(groups, given, &decltype(groups)::value_type::first);
    if (group == groups.end()) group = groups.insert(groups.end(), {given, {}});
    group->second.push_back(set.name);
  }
  std::vector<std::string> texts;
  texts.reserve(groups.size());
  for (const auto& [value, sets] : groups)
    texts.push_back(sets.empty() ? value : fmt::format("{}: {}", value, fmt::join(sets, " ")));
  return fmt::format("{}", fmt::join(texts, "; "));
}

}  // namespace

void print_rules() {
  const lab::report::Style look = lab::report::style_of(STDOUT_FILENO);
  fmt::print("Rule-sets\n");
  for (const lab::model::RuleSet& set : lab::model::rule_sets()) {
    fmt::print("  {}  {}\n", look.strong(fmt::format("{:<6}", set.name)), set.kernels);
    fmt::print("{}", wrapped(set.about, 10, look.width));
  }
  fmt::print("\nKnobs: --rules E1,reuse_small=map\n");
  for (const lab::model::Knob& knob : lab::model::knobs()) {
    fmt::print("  {}\n", look.strong(knob.name));
    fmt::print("{}", wrapped(knob.question, 10, look.width));
    fmt::print("{}", wrapped(answers(knob), 10, look.width));
  }
  fmt::print("\nFences and re-checks: --rules E1,drop=NAME or --drop NAME\n");
  for (const lab::model::Fence& fence : lab::model::fences()) {
    fmt::print("  {}\n", look.strong(fence.name));
    fmt::print("{}", wrapped(fence.about, 10, look.width));
  }
}

}  // namespace cleave::litmus
