// What a rule-set refuses to do in a test.
#pragma once

#include <optional>
#include <set>

#include "lab/judge/plan.h"
#include "lab/model/decide/rules.h"

namespace lab::judge {

/// The plan's instructions that are refused in some run. Nothing: not all runs could be tried
/// within so many seconds.
std::optional<std::set<const Instruction*>> refusals(const Plan& plan, const model::Rules& rules,
                                                     double seconds);

}  // namespace lab::judge
