#include "lab/hunt/play/options.h"

#include <fmt/format.h>

namespace lab::hunt {
namespace {

template <typename Range, typename NameOf>
std::string list(const Range& range, NameOf name_of) {
  std::string text;
  for (const auto& each : range) text += (text.empty() ? "" : ",") + std::string(name_of(each));
  return text;
}

}  // namespace

std::string text(const Options& o) {
  const auto of_shape = [](const Shape& shape) { return shape.text; };
  std::string result = "rules ";
  for (const judge::Variant& variant : o.variants) result += variant.text + ' ';
  result += fmt::format("against {} starts {} references {} depth {} words {}",
                        !o.elsewhere.empty() ? o.elsewhere
                        : o.reference        ? o.reference->text
                                             : "spec",
                        list(o.starts, [](const Start* start) { return start->name; }),
                        o.most_references, o.depth, list(o.words, of_shape));
  if (o.memories.empty() || !o.elsewhere.empty()) return result;
  return result + fmt::format(" races under {} before {} of {} race {} after {} of {}",
                              list(o.memories, [](explore::Memory m) { return explore::name(m); }),
                              o.before, list(o.before_words, of_shape),
                              list(o.race_words, of_shape), o.after, list(o.after_words, of_shape));
}

}  // namespace lab::hunt
