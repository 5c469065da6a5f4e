// What userfaultfd and PAGEMAP_SCAN, which arenas track writes by, can do here.
#pragma once

#include <vector>

#include "tools/doctor/kernel/finding.h"

namespace cleave::doctor {

std::vector<Finding> look_at_userfaultfd();
Finding look_at_pagemap_scan();

}  // namespace cleave::doctor
