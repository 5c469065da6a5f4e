// Which ways of tracking an arena's pages work here, and what each costs here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cleave/tracking.h>

#include "tools/doctor/kernel/finding.h"

namespace cleave::doctor {

/// In nanoseconds.
struct TrackingCost {
  double first_write;   ///< of a page, after a commit
  double commit_page;   ///< for each page that changed: found, copied, watched again
  double scan_per_gib;  ///< of a commit where nothing changed, for each GiB in use
};

struct WayOfTracking {
  Tracking tracking;
  Finding finding;
  std::optional<TrackingCost> cost;
};

struct TrackingReport {
  std::vector<WayOfTracking> ways;
  /// What an arena takes that asks for nothing, and why; nothing: no arena can be made.
  std::optional<Tracking> automatic;
  std::string reason;
};

/// `measure`: there is memory enough, about 100 MiB, to find out the costs.
TrackingReport look_at_tracking(bool measure);

}  // namespace cleave::doctor
