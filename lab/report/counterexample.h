// A run as text: a column a thread.
#pragma once

#include <string>

#include "lab/judge/explanation.h"
#include "lab/report/style/style.h"

namespace lab::report {

/// What each thread did, step by step, which rule decided what, and every page's counters where
/// they changed. Steps that did not lead to the end are folded; with `every_step` each step has a
/// row of its own.
std::string text(const judge::Explanation& explanation, const Style& style, bool every_step);

}  // namespace lab::report
