#include "doctor_judges.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <array>
#include <string>

#include "doctor_features.h"
#include "doctor_system.h"
#include "doctor_userfault.h"

namespace cleave::doctor {
namespace {

// The model is a program that asks nothing of the machine.
Finding look_at_model() { return {"model", Standing::ok, "runs anywhere", {}, true}; }

// What the running kernel needs before it can be asked a question of some kind; tests of a kind that is not to be
// had are passed over. A row more here is all that a new kind of test needs.
struct Need {
  Finding (*look)();
  const char* questions;
  const char* advice;  // to root
};
Finding look_at_root() {
  return geteuid() == 0 ? Finding{"root", Standing::ok, ""}
                        : Finding{"root", Standing::missing, "not root"};
}
constexpr std::array kNeeds = {
    Need{look_at_root, "of frames' counts and flags", "run as root"},
    Need{look_at_swap, "of pages swapped out",
         "mkswap and swapon a file, or /dev/zram0 after `modprobe zram`"},
    Need{look_at_ksm, "of merged pages", "echo 1 > /sys/kernel/mm/ksm/run"},
    Need{look_at_kernel_faults, "of copies held halfway",
         "sysctl -w vm.unprivileged_userfaultfd=1"},
    Need{look_at_hugetlb, "of huge pages", "sysctl -w vm.nr_hugepages=16"},
};

Finding look_at_kernel() {
  std::vector<std::string> without, advice;
  for (const Need& need : kNeeds) {
    const Finding found = need.look();
    if (found.standing == Standing::ok) continue;
    without.push_back(fmt::format("{} ({})", need.questions, found.detail));
    advice.push_back(need.advice);
  }
  if (without.empty()) return {"kernel", Standing::ok, "all its tests can run", {}, true};
  return {"kernel", Standing::limited, fmt::format("no tests {}", fmt::join(without, "; ")),
          fmt::format("For all tests of the running kernel: {}.", fmt::join(advice, "; ")), true};
}

}  // namespace

std::vector<Finding> look_at_judges() { return {look_at_model(), look_at_kernel()}; }

}  // namespace cleave::doctor
