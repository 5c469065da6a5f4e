// Which of the laboratory's judges can judge here.
#pragma once

#include <vector>

#include "tools/doctor/kernel/finding.h"

namespace cleave::doctor {

/// One finding a judge.
std::vector<Finding> look_at_judges();

}  // namespace cleave::doctor
