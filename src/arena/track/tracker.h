// A tracker knows which pages of an arena were written.
#pragma once

#include <cleave/error.h>
#include <cleave/tracking.h>

#include "arena/memory/hot_pages.h"
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

  /// Right after a collect() of all pages: none is missing any more, and holes are the kernel's
  /// matter from now on. Errors: as collect().
  virtual Result<void> all_have_come() { return {}; }

  /// From the next collect() on, does not tell of the pages in `hot`, and lets them be written
  /// without a fault: whoever has called this compares them. The set may change between calls of
  /// collect(), and is there as long as collect() is called. A page that leaves it is told of by
  /// the next collect(), unless it is closed.
  virtual void leave_open(const PageSet& hot) noexcept { hot_ = &hot; }
  /// What those pages have to be for it to pay.
  [[nodiscard]] virtual HotPages::Limits worth_leaving_open() const noexcept = 0;

  /// How many pages the last epoch changed that were not left open, and that an epoch has ended:
  /// for a tracker that learns from it.
  virtual void epoch_ended(std::uint64_t /*pages*/) noexcept {}

 protected:
  /// Calls `visit(PageRun)` for the runs of `within` that are not left open, in order; the first
  /// error ends the walk and is returned.
  template <class Visit>
  Result<void> for_each_watched(PageRun within, Visit visit) const {
    if (hot_ == nullptr) return visit(within);
    return hot_->for_each_gap(within, visit);
  }

 private:
  const PageSet* hot_ = nullptr;
};

using OwnedTracker = sync::Owned<Tracker>;

/// For a tracker's make() that got none.
inline Error no_memory_for_tracker() {
  return {Errc::no_memory, "out of memory allocating a tracker"};
}

}  // namespace cleave::detail
