#include "doctor_judges.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>

#include "lab/kernel/system/capabilities.h"

namespace cleave::doctor {
namespace {

// The model is a program that asks nothing of the machine.
Finding look_at_model() { return {"model", Standing::ok, "runs anywhere", {}, true}; }

Finding kernel(Standing standing, std::string detail, std::string advice = {}) {
  return {"kernel", standing, std::move(detail), std::move(advice), standing != Standing::missing};
}

// The judge itself, and each thing that some of its tests need.
void look_at_kernel(std::vector<Finding>& all) {
  if (const std::string why = lab::kernel::missing_for_every_test(); !why.empty()) {
    all.push_back(kernel(Standing::missing, why, "For tests on the running kernel: run as root."));
    return;
  }
  std::vector<Finding> parts;
  std::vector<std::string> without;
  for (const lab::kernel::Capability& part : lab::kernel::capabilities()) {
    parts.push_back({"kernel: " + part.what,
                     part.available ? Standing::ok : Standing::missing,
                     part.why,
                     {},
                     part.available});
    if (!part.available) without.push_back(part.what);
  }
  all.push_back(without.empty()
                    ? kernel(Standing::ok, "`cleave litmus --kernel` has all it takes")
                    : kernel(Standing::limited, fmt::format("tests that need {} are skipped",
                                                            fmt::join(without, ", "))));
  all.insert(all.end(), parts.begin(), parts.end());
}

}  // namespace

std::vector<Finding> look_at_judges() {
  std::vector<Finding> all{look_at_model()};
  look_at_kernel(all);
  return all;
}

}  // namespace cleave::doctor
