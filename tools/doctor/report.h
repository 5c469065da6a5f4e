// What `cleave doctor` says, for a person or for a program.
#pragma once

#include <string>
#include <vector>

#include <cleave/error.h>

#include "tools/doctor/costs.h"
#include "tools/doctor/kernel/finding.h"
#include "tools/doctor/tracking.h"

namespace cleave::doctor {

struct Report {
  std::string system;  ///< "Linux 6.18.0, x86_64, root"
  Result<void> works;  ///< whether the engine does, here
  std::vector<Finding> features;
  std::vector<Finding> limits;
  TrackingReport tracking;
  std::vector<Cost> costs;
  std::string why_no_costs;  ///< empty: they were measured
  std::vector<Finding> judges;
  std::vector<Finding> images;  ///< where repositories of images can lie

  /// What can be done, the most important first.
  [[nodiscard]] std::vector<std::string> advice() const;
};

void print_text(const Report& report);
void print_json(const Report& report);

}  // namespace cleave::doctor
