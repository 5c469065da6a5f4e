// Which tracker an arena gets.
#pragma once

#include <optional>
#include <string>

#include <cleave/arena.h>

#include "arena/track/tracker.h"

namespace cleave::detail {

/// A tracker, and why it was chosen.
struct Choice {
  OwnedTracker tracker;
  const char* why;               // static text
  std::optional<Error> missing;  // what the better one lacks here

  /// Both, in words.
  [[nodiscard]] std::string reason() const;
};

/// What the options ask for, after it has shown that it works here. Errors: unsupported; no_memory,
/// something ran short, which is no reason to be slow for good.
Result<Choice> choose_tracker(const ArenaOptions& options, const Mapping& mapping);
/// The same for memory whose pages come late, which has one that will do.
Result<Choice> choose_late_tracker(const ArenaOptions& options, const Mapping& mapping);

}  // namespace cleave::detail
