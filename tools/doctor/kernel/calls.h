// System calls that every Linux has, and that a profile may deny all the same.
#pragma once

#include <vector>

#include "tools/doctor/kernel/finding.h"

namespace cleave::doctor {

/// One finding a call: what cleave does by it, tried on a page or a file of the doctor's own.
std::vector<Finding> look_at_calls();

}  // namespace cleave::doctor
