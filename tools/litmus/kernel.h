// `cleave litmus --kernel`.
#pragma once

#include <string>
#include <vector>

#include "lab/report/origin.h"

namespace cleave::litmus {

struct KernelOptions {
  std::vector<std::string> names;  ///< of the tests; empty: the whole catalogue
  double seconds = 0;  ///< for each test whose runs differ by chance; 0: the judge's own choice
  bool json = false;
  bool verbose = false;
  std::string html;  ///< where to write a page with the kernel beside all rule-sets; empty: nowhere
  unsigned jobs = 1;  ///< tests at once, and for what the page asks of rule-sets
  lab::report::Origin origin;
};

/// Has the tests judged by the kernel that runs here, and prints what was observed. Ends the
/// command with status 1 where something was found, with 2 where another run has the lock, with
/// 130 where it was interrupted.
void run_on_kernel(const KernelOptions& options);

}  // namespace cleave::litmus
