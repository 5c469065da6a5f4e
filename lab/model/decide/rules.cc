#include "lab/model/decide/rules.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lab::model {
namespace {

using Text = std::string_view;

tl::unexpected<std::string> error(std::string text) { return tl::unexpected(std::move(text)); }

std::vector<Text> names(const auto& things) {
  std::vector<Text> result;
  result.reserve(std::size(things));
  for (const auto& thing : things) result.push_back(thing.name);
  return result;
}

const auto* named(const auto& things, Text name) {
  const auto found = std::find_if(things.begin(), things.end(),
                                  [&](const auto& thing) { return thing.name == name; });
  return found == things.end() ? nullptr : &*found;
}

std::vector<Text> split(Text text, char at) {
  std::vector<Text> parts;
  for (;;) {
    const auto end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == Text::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::uint32_t> number(Text text) {
  std::uint32_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

tl::expected<std::uint32_t, std::string> answer(const Knob& knob, Text text) {
  if (knob.answers.empty()) {
    // Two pins must be distinguishable from one, and many must fit a reference count.
    const auto value = number(text);
    if (value && *value >= 2 && *value <= 4096) return *value;
    return error(fmt::format("{} is a number from 2 to 4096, not \"{}\"", knob.name, text));
  }
  const auto found = std::find(knob.answers.begin(), knob.answers.end(), text);
  if (found == knob.answers.end()) {
    return error(fmt::format("{} has no answer \"{}\"; it has: {}", knob.name, text,
                             fmt::join(knob.answers, ", ")));
  }
  return static_cast<std::uint32_t>(found - knob.answers.begin());
}

tl::expected<void, std::string> turn(Rules& rules, Text change) {
  const auto equals = change.find('=');
  if (equals == Text::npos) {
    return error(fmt::format("\"{}\" is no change; write knob=answer after the rule-set", change));
  }
  const Knob* knob = named(knobs(), change.substr(0, equals));
  if (knob == nullptr) {
    return error(fmt::format("there is no knob \"{}\"; there are: {}", change.substr(0, equals),
                             fmt::join(names(knobs()), ", ")));
  }
  return answer(*knob, change.substr(equals + 1)).map([&](std::uint32_t value) {
    knob->set(rules, value);
  });
}

}  // namespace

tl::expected<Rules, std::string> parse_rules(Text text) {
  const std::vector<Text> parts = split(text, ',');
  const RuleSet* base = named(rule_sets(), parts.front());
  if (base == nullptr) {
    return error(fmt::format("there is no rule-set \"{}\"; there are: {}", parts.front(),
                             fmt::join(names(rule_sets()), ", ")));
  }
  Rules rules = base->make();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (auto turned = turn(rules, parts[i]); !turned) return tl::unexpected(turned.error());
  }
  rules.name = text;
  return rules;
}

std::vector<Rules> neighbours(const Rules& rules) {
  std::vector<Rules> result;
  for (const Knob& knob : knobs()) {
    for (std::uint32_t value = 0; value < knob.answers.size(); ++value) {
      if (value == knob.get(rules)) continue;
      Rules next = rules;
      knob.set(next, value);
      next.name = fmt::format("{},{}={}", rules.name, knob.name, knob.answers[value]);
      result.push_back(std::move(next));
    }
  }
  return result;
}

}  // namespace lab::model
