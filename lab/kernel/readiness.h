// What this machine has that the kernel's judge can use.
#pragma once

#include <string>
#include <vector>

#include "lab/kernel/play.h"

namespace lab::kernel {

struct Readiness {
  std::string what;  ///< "swap", "huge pages"
  bool ready;
  std::string why;  ///< not ready: what is missing, and how to come by it; ready: how it is used
};

/// Looks at everything, changes nothing. The first is what no test can do without.
std::vector<Readiness> readiness();

/// Why no test can run here at all; empty: they can.
std::string missing_altogether();
/// Why a test with these needs cannot run here; empty: it can.
std::string missing(const Play& play);

/// "Linux 6.18.44"
std::string kernel_name();

/// The folder of control groups for memory, of version 1; empty: none.
std::string memory_groups();

}  // namespace lab::kernel
