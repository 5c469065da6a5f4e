#include "lab/web/hunt.h"

#include <fmt/format.h>

#include "lab/hunt/search/json.h"
#include "lab/hunt/search/unit.h"
#include "lab/web/question.h"

namespace lab::web {
namespace {

using Asked = tl::expected<hunt::Options, std::string>;

// What the rule-sets are compared with: nothing where that is the specification.
tl::expected<std::optional<judge::Variant>, std::string> reference_of(const Json& question) {
  const std::string text = asked<std::string>(question, "against", "spec");
  if (text == "spec") return std::nullopt;
  auto variants = judge::parse_variants(text);
  if (!variants) return tl::unexpected(variants.error());
  if (variants->size() != 1)
    return tl::unexpected(std::string("one rule-set is compared with, or spec"));
  return std::move(variants->front());
}

Asked options_of(const Json& question) {
  hunt::Options options;
  auto variants = variants_of(question);
  if (!variants) return tl::unexpected(variants.error());
  if (variants->size() > 64)
    return tl::unexpected(std::string("a hunt takes 64 rule-sets at most"));
  options.variants = std::move(*variants);
  auto reference = reference_of(question);
  if (!reference) return tl::unexpected(reference.error());
  options.reference = std::move(*reference);
  auto starts = hunt::parse_starts(asked<std::string>(question, "starts", "small"));
  if (!starts) return tl::unexpected(starts.error());
  options.starts = std::move(*starts);
  auto words = hunt::parse_shapes(asked<std::string>(question, "words", "usual"));
  if (!words) return tl::unexpected(words.error());
  options.words = std::move(*words);
  options.depth = asked<std::uint32_t>(question, "depth", options.depth);
  if (!asked<bool>(question, "races", false)) return options;
  options.memories = {memory_of(question)};
  options.before = asked<std::uint32_t>(question, "before", 1);
  options.after = asked<std::uint32_t>(question, "after", options.after);
  options.before_words = *hunt::parse_shapes(hunt::kBeforeWords);
  options.race_words = *hunt::parse_shapes(hunt::kRaceWords);
  options.after_words = *hunt::parse_shapes(hunt::kAfterWords);
  return options;
}

}  // namespace

Json parts_of_hunt(const Json& question) {
  const Asked options = options_of(question);
  if (!options) return error(options.error());
  Json parts = Json::array();
  for (const hunt::Unit& unit : hunt::units(*options)) {
    const hunt::PartName name = unit.name();
    parts.push_back(fmt::format("{}: {}", name.row, name.column));
  }
  return {{"parts", std::move(parts)}};
}

Json hunt_in_part(const Json& question) {
  const Asked options = options_of(question);
  if (!options) return error(options.error());
  const std::vector<hunt::Unit> units = hunt::units(*options);
  const auto part = question.at("part").get<std::size_t>();
  if (part >= units.size()) return error(fmt::format("the hunt has no part {}", part));
  hunt::Question of_programs(*options);
  return hunt::json(hunt::hunt_in(units[part], of_programs));
}

}  // namespace lab::web
