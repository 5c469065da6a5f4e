// The trackers that there are, one row each. docs/howto/add-a-tracker.md goes by this file.
#pragma once

#include <span>

#include "arena/track/tracker.h"

namespace cleave::detail {

class Trial;

/// What there is to know of a tracker before one is made.
struct TrackerKind {
  Tracking tracking;
  const char* name;
  /// The signal that a first write raises, which the thread must not block: the kernel would end
  /// the process. 0: none.
  int signal;
  /// Whether a write is noticed without mark_dirty().
  bool notices;
  /// Errors: unsupported, no_memory.
  Result<OwnedTracker> (*make)(const Mapping& mapping);
  /// What a trial tries of this tracker beside first and second writes; null: nothing.
  Result<void> (*probe)(Trial& trial);
};

// Each in the file of its tracker.
extern const TrackerKind kAsync;
extern const TrackerKind kSigbus;
extern const TrackerKind kMprotect;
extern const TrackerKind kSoftware;
/// `automatic`: goes between `async` and `sigbus`, whichever has been cheaper lately.
extern const TrackerKind kAdaptive;

/// The row of a way of tracking.
const TrackerKind& tracker_kind(Tracking tracking) noexcept;

/// A tracker of that kind, which watches the mapping from now on.
Result<OwnedTracker> make_tracker(Tracking tracking, const Mapping& mapping);

/// `async` for memory whose pages come late: what is missing can be watched by the descriptor that
/// watches for writes (arena/late/late_pages.h).
Result<OwnedTracker> make_late_tracker(const Mapping& mapping);

}  // namespace cleave::detail
