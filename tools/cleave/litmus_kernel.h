// `cleave litmus --kernel`.
#pragma once

#include <string>
#include <vector>

namespace cleave::litmus {

/// Has the tests judged by the kernel that runs here, and prints what was observed. `seconds`: for each test whose runs
/// differ by chance; 0: the judge's own choice. Ends the command with status 1 where something was found, with 2 where
/// nothing can be judged because somebody else does.
void run_on_kernel(const std::vector<std::string>& names, double seconds, bool json, bool verbose);

}  // namespace cleave::litmus
