// A hunt in parts, each a pure function of the options: so that parts can be made anywhere, in any
// order, and again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/hunt/search/finding.h"

namespace lab::hunt {

/// What a part is called in a table of all of them.
struct PartName {
  std::string row;     ///< "small", "small, races"
  std::string column;  ///< "P write x 0": the act that its programs begin with
};

/// All programs that begin with one act: in a row, or with a race.
struct Unit {
  std::size_t number = 0;
  const Start* start = nullptr;
  bool races = false;              ///< under each of the options' memory models; else in a row
  std::optional<spec::Act> first;  ///< none: races that nothing comes before
  [[nodiscard]] PartName name() const;
};

/// All parts, in order.
std::vector<Unit> units(const Options& options);
/// Hunts in one of them. `question` is of the same options.
Answer hunt_in(const Unit& unit, Question& question);

}  // namespace lab::hunt
