#include "lab/hunt/search/unit.h"

#include "lab/hunt/search/search.h"

namespace lab::hunt {

PartName Unit::name() const {
  return {races ? start->name + ", races" : start->name,
          first ? hunt::text(*start, {*first, 0}) : "nothing"};
}

std::vector<Unit> units(const Options& options) {
  std::vector<Unit> all;
  const auto add = [&](const Start* start, bool races, std::optional<spec::Act> first) {
    all.push_back({all.size(), start, races, first});
  };
  for (const Start* start : options.starts) {
    const spec::Promise promise(start->beginning);
    const auto begins = [&](const std::vector<Shape>& shapes) {
      return next_acts(*start, shapes, promise, options.most_references);
    };
    if (options.depth > 0)
      for (const spec::Act& first : begins(options.words)) add(start, false, first);
    if (options.memories.empty()) continue;
    add(start, true, std::nullopt);
    if (options.before > 0)
      for (const spec::Act& first : begins(options.before_words)) add(start, true, first);
  }
  return all;
}

Answer hunt_in(const Unit& unit, Question& question) {
  return unit.races ? search_races(unit, question) : search_rows(unit, question);
}

}  // namespace lab::hunt
