// How much this process may have.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/doctor/kernel/finding.h"

namespace cleave::doctor {

std::vector<Finding> look_at_limits();

/// Memory that the process can still take: what the machine has free, or what its cgroup leaves.
std::uint64_t free_bytes();

}  // namespace cleave::doctor
