// One judgement in full, laid out as herd's logs are.
#pragma once

#include <string>

#include "lab/judge/judge.h"
#include "lab/report/data/names.h"
#include "lab/report/style/style.h"

namespace lab::report {

/// `Test`, `Rules`, `States` with a histogram in which `*>` marks the ends where the condition
/// holds, `Witnesses`, `Condition`, `Observation`, `Expected`, and what the answer is worth.
std::string log(const judge::Judgement& judgement, explore::Search search, const Style& style);

}  // namespace lab::report
