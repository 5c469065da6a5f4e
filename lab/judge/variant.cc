#include "lab/judge/variant.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/litmus/print.h"
#include "lab/portable/ranges.h"

namespace lab::judge {
namespace {

constexpr std::string_view kDrop = "drop=";

tl::expected<Variant, std::string> parse_one(std::string_view text) {
  std::vector<std::string_view> drops;
  std::string rest;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.starts_with(kDrop))
      drops.push_back(part.substr(kDrop.size()));
    else
      rest += (rest.empty() ? "" : ",") + std::string(part);
  }
  tl::expected<model::Rules, std::string> rules = model::parse_rules(rest);
  if (!rules) return tl::unexpected(rules.error());
  Variant variant{rest, rest.substr(0, rest.find(',')), std::move(*rules), {}};
  for (const std::string_view drop : drops) {
    tl::expected<Variant, std::string> less = without(std::move(variant), drop);
    if (!less) return less;
    variant = std::move(*less);
  }
  return variant;
}

tl::expected<std::vector<Variant>, std::string> range(std::string_view first,
                                                      std::string_view last) {
  const auto& sets = model::rule_sets();
  const auto from = ranges::find(sets, first, &model::RuleSet::name);
  const auto to = ranges::find(sets, last, &model::RuleSet::name);
  for (const auto& [found, name] : {std::pair(from, first), std::pair(to, last)})
    if (found == sets.end()) return tl::unexpected(model::parse_rules(name).error());
  if (to < from)
    return tl::unexpected(fmt::format("{} comes after {}; write {}..{}", first, last, last, first));
  std::vector<Variant> variants;
  for (auto each = from; each <= to; ++each) variants.push_back(*parse_one(each->name));
  return variants;
}

}  // namespace

tl::expected<std::vector<Variant>, std::string> parse_variants(std::string_view text) {
  const std::size_t dots = text.find("..");
  if (dots != std::string_view::npos && text.find('=') == std::string_view::npos)
    return range(text.substr(0, dots), text.substr(dots + 2));
  tl::expected<Variant, std::string> one = parse_one(text);
  if (!one) return tl::unexpected(one.error());
  return std::vector{std::move(*one)};
}

tl::expected<std::vector<Variant>, std::string> variants_of(const litmus::Judges& judges) {
  return parse_variants(litmus::print(judges));
}

std::vector<Variant> all_variants() {
  std::vector<Variant> variants;
  for (const model::RuleSet& set : model::rule_sets()) variants.push_back(*parse_one(set.name));
  return variants;
}

tl::expected<Variant, std::string> without(Variant variant, std::string_view fence) {
  std::vector<std::string_view> names;
  for (const model::Fence& each : model::fences()) names.push_back(each.name);
  if (ranges::find(names, fence) == names.end())
    return tl::unexpected(fmt::format("there is no fence or re-check \"{}\"; there are: {}", fence,
                                      fmt::join(names, ", ")));
  variant.drop.emplace_back(fence);
  variant.text += fmt::format(",{}{}", kDrop, fence);
  return variant;
}

bool judges_elsewhere(const litmus::Judges& judges) { return judges.first == "kernel"; }

}  // namespace lab::judge
