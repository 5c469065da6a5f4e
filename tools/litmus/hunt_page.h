// `cleave litmus hunt --html`: what was searched and found as one page.
#pragma once

#include <string>

#include "tools/litmus/hunt_report.h"

namespace cleave::litmus {

/// Writes the page to `path`. `options`: of the hunt, where they are known; else the page tells
/// how many parts were searched, and not which. Ends the command with status 2 where it cannot be
/// written.
void write_hunt_page(const std::string& path, const HuntReport& report,
                     const lab::hunt::Options* options, const lab::judge::TestFiles& catalogue);

}  // namespace cleave::litmus
