// An answer as JSON: in journals, and for the page.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "lab/hunt/search/finding.h"

namespace lab::hunt {

/// All that the answer holds: {programs, judgements, runs, cut, findings: [{size, program, kind,
/// memory, name, end, rules, count, litmus}]}, the findings in their order.
nlohmann::ordered_json json(const Answer& answer);

}  // namespace lab::hunt
