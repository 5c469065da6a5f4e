// What of the kernel works here, found out by trying it. What only the laboratory's judge needs,
// its own report has.
#pragma once

#include <vector>

#include "tools/doctor/kernel/finding.h"

namespace cleave::doctor {

std::vector<Finding> look_at_features();

}  // namespace cleave::doctor
