// The kernel's verdicts beside those of rule-sets.
#pragma once

#include <vector>

#include "lab/kernel/judge.h"
#include "lab/report/html.h"

namespace lab::kernel {

/// The column of the kernel that runs here.
report::Column column_of(const std::vector<KernelVerdict>& verdicts);

}  // namespace lab::kernel
