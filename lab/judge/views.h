// What there was after each step of a run.
#pragma once

#include <tl/expected.hpp>
#include <vector>

#include "lab/judge/explanation.h"
#include "lab/model/view.h"

namespace lab::judge {

/// One view more than the trace has events: the first is of the start. Makes the run once more. Refusals: those of
/// record().
tl::expected<std::vector<model::View>, explore::Refusal> views(const Explanation& explanation);

}  // namespace lab::judge
