// A tracker knows which pages of an arena were written.
#pragma once

#include <cleave/error.h>
#include <cleave/tracking.h>

#include "arena/memory/mapping.h"
#include "arena/memory/page_set.h"
#include "sync/memory.h"

namespace cleave::detail {

/// Watches an arena's native mapping from its making to its end. collect() is called under the
/// arena's lock while the program's threads rest, as the arena's rule asks; mark_dirty() by any
/// thread.
class Tracker {
 public:
  virtual ~Tracker() = default;

  [[nodiscard]] virtual Tracking kind() const noexcept = 0;

  /// Adds the pages of `within` that may have been written since they were last collected, and
  /// watches them again. Errors: unsupported, no_memory; then pages may have been added, and none
  /// is forgotten.
  virtual Result<void> collect(PageRun within, PageSet& changed) = 0;

  /// False: pages that were not written are reported so often that it pays to compare them.
  [[nodiscard]] virtual bool is_exact() const noexcept { return true; }

  /// The pages are about to be written, or given back: they count as written at the next collect().
  virtual void mark_dirty(PageRun run) noexcept = 0;

  /// The memory behind the pages was given back; they are to be watched as before.
  virtual void punched(PageRun) noexcept {}

  /// How many pages the last epoch changed, and that an epoch has ended: for a tracker that learns
  /// from it.
  virtual void epoch_ended(std::uint64_t /*pages*/) noexcept {}
};

using OwnedTracker = sync::Owned<Tracker>;

/// For a tracker's make() that got none.
inline Error no_memory_for_tracker() {
  return {Errc::no_memory, "out of memory allocating a tracker"};
}

}  // namespace cleave::detail
