// `cleave litmus hunt --html`: what was searched and found as one page.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "tools/litmus/hunt/report.h"

namespace cleave::litmus {

/// Writes the page to `path`. `parts`: their names, where they are known; else the page tells how
/// many were searched, and not which. Error: why it cannot be written.
tl::expected<void, std::string> write_page(const std::string& path, const HuntReport& report,
                                           const std::vector<lab::hunt::PartName>& parts,
                                           const lab::judge::TestFiles& catalogue);

}  // namespace cleave::litmus
