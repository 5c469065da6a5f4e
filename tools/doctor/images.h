// Where repositories of images can lie, by what this build was made with, and whether an arena can
// be had from one a page at a time.
#pragma once

#include <vector>

#include "tools/doctor/kernel/finding.h"

namespace cleave::doctor {

std::vector<Finding> look_at_images();

}  // namespace cleave::doctor
