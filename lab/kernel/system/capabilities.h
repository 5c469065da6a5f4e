// What this machine has that the kernel's judge can use.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "lab/kernel/test/compiled_test.h"

namespace lab::kernel {

struct Capability {
  std::string what;  ///< "swap", "huge pages"
  bool available;
  std::string why;  ///< not ready: what is missing, and how to come by it; ready: how it is used
};

/// Looks at everything, changes nothing. The first is what no test can do without.
std::vector<Capability> capabilities();

/// Why no test can run here at all; empty: they can.
std::string missing_for_every_test();
/// Why a test with these needs cannot run here; empty: it can.
std::string missing(const CompiledTest& compiled);

/// "Linux 6.18.44"
std::string kernel_name();
/// The rule-set of kernels of that release: "6.18.44-amd64" has F. What distributions changed is
/// not known.
const char* rules_of(const std::string& release);
/// Of the kernel that runs here.
const char* kernel_rules();

/// Where control groups for memory are made. The controller is in one hierarchy, of version 1 or 2.
struct MemoryGroups {
  std::string folder;  ///< empty: there are none
  std::string
      reclaim;      ///< the file in each group that reclaims all: memory.force_empty or .reclaim
  std::string why;  ///< there are none: what is missing
};
/// `mounts` reads as /proc/self/mounts; `controllers` tells what cgroup.subtree_control of a folder
/// of version 2 says.
MemoryGroups memory_groups(std::istream& mounts,
                           const std::function<std::string(const std::string&)>& controllers);
/// Of this machine.
MemoryGroups memory_groups();

}  // namespace lab::kernel
