// What a hunt found as JSON: in journals, for the page, and for who asks for it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "lab/hunt/search/finding.h"

namespace lab::hunt {

/// {size, program, kind, memory, name, end, rules, count, litmus}
nlohmann::ordered_json json(const FindingKey& key, const Finding& finding);
/// All that the answer holds: {programs, judgements, runs, cut, known, skipped, findings: [...]},
/// the findings in their order; `known` and `skipped` where there are any.
nlohmann::ordered_json json(const Answer& answer);

/// What was written by json(). Throws what nlohmann::json does where it was not.
Answer answer_in(const nlohmann::ordered_json& json);

}  // namespace lab::hunt
