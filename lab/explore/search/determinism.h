// Whether a program does the same whenever it is run under the same schedule.
#pragma once

#include <optional>
#include <string>

#include "lab/explore/execution/execution.h"

namespace lab::explore {

/// Makes the run of `schedule` twice on `execution`, and compares what happened in each step. Says
/// which step differed first; nothing if none did.
std::optional<std::string> difference(const Factory& factory, Execution& execution,
                                      const Schedule& schedule);

}  // namespace lab::explore
