// One judgement in full, laid out as herd's logs are.
#pragma once

#include <string>

#include "lab/judge/judge.h"
#include "lab/report/look.h"

namespace lab {

/// `Test`, `Rules`, `States` with a histogram in which `*>` marks the ends where the condition holds, `Witnesses`, `Condition`,
/// `Observation`, `Expected`, and what the answer is worth.
std::string log(const Judgement& judgement, Search search, const Look& look);

/// "dpor", "states", ...
const char* name(Search search);
/// "as expected", "open", "deviates".
const char* name(Standing standing);

}  // namespace lab
