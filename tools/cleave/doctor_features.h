// What of the kernel works here, found out by trying it.
#pragma once

#include <vector>

#include "doctor_finding.h"

namespace cleave::doctor {

std::vector<Finding> look_at_features();

// What the laboratory asks about by itself, too.
Finding look_at_swap();
Finding look_at_ksm();
Finding look_at_hugetlb();
Finding look_at_fuse();

}  // namespace cleave::doctor
