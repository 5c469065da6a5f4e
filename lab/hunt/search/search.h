// The searches of a unit.
#pragma once

#include "lab/hunt/search/unit.h"

namespace lab::hunt {

/// Programs in a row, shortest first; of those that leave all rule-sets and the specification in
/// the same states, one. What shows something goes no further under the rule-set that shows it.
Answer search_rows(const Unit& unit, Question& question);
/// Programs with a race: beginnings as search_rows() has them, then every two acts that make sense
/// in both orders, then every end that does.
Answer search_races(const Unit& unit, Question& question);

}  // namespace lab::hunt
