// What userfaultfd and PAGEMAP_SCAN, which arenas track writes by, can do here.
#pragma once

#include <vector>

#include "doctor_finding.h"

namespace cleave::doctor {

std::vector<Finding> look_at_userfaultfd();
/// Whether a fault inside the kernel, in read(2) say, can be held: the privileged may.
Finding look_at_kernel_faults();
Finding look_at_pagemap_scan();

}  // namespace cleave::doctor
