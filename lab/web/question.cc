#include "lab/web/question.h"

#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "lab/judge/expected.h"
#include "lab/litmus/vocabulary.h"
#include "lab/report/data/names.h"

namespace lab::web {

Json error(std::string what) { return {{"error", std::move(what)}}; }

explore::Memory memory_of(const Json& question) {
  const std::string text = asked<std::string>(question, "memory", "sc");
  const auto memory = litmus::value_of(text, litmus::Memory::ra);
  if (!memory) throw std::invalid_argument(fmt::format("there is no memory model \"{}\"", text));
  return judge::explorers(*memory);
}

judge::Effort effort_of(const Json& question) {
  judge::Effort effort;
  const std::string search = asked<std::string>(question, "search", "dpor");
  bool known = false;
  for (const explore::Search each :
       {explore::Search::dpor, explore::Search::states, explore::Search::bound,
        explore::Search::random, explore::Search::pct, explore::Search::naive}) {
    if (search != report::name(each)) continue;
    effort.search = each;
    known = true;
  }
  if (!known) throw std::invalid_argument(fmt::format("there is no search \"{}\"", search));
  effort.seed = asked<std::uint64_t>(question, "seed", effort.seed);
  if (question.contains("seconds")) effort.max_seconds = question.at("seconds").get<double>();
  return effort;
}

tl::expected<std::vector<judge::Variant>, std::string> variants_of(const Json& question) {
  if (!question.contains("rules")) return judge::all_variants();
  std::vector<judge::Variant> variants;
  for (const Json& text : question.at("rules")) {
    auto some = judge::parse_variants(text.get<std::string>());
    if (!some) return tl::unexpected(some.error());
    for (judge::Variant& one : *some) variants.push_back(std::move(one));
  }
  return variants;
}

}  // namespace lab::web
