// Where a run was decided.
#pragma once

#include <cstddef>
#include <optional>

#include "lab/explore/trace/counterexample.h"

namespace lab::report {

/// The event from which on every way to go on ends so. Nothing: that was not found out, or every
/// run does.
std::optional<std::size_t> turning_point(const explore::Counterexample& example);

/// The event with the last decision of a rule up to there, among those that lead to the end.
std::optional<std::size_t> last_decision(const explore::Counterexample& example);

}  // namespace lab::report
