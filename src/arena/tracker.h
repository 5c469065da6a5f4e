// A tracker knows which pages of an arena were written.
#pragma once

#include <memory>

#include <cleave/error.h>
#include <cleave/tracking.h>

#include "arena/mapping.h"
#include "arena/page_set.h"

namespace cleave::detail {

/// Watches an arena's native mapping from its making to its end. collect() is called under the arena's lock
/// while the program's threads rest, as the arena's rule asks; mark_dirty() by any thread.
class Tracker {
 public:
  virtual ~Tracker() = default;

  [[nodiscard]] virtual Tracking kind() const noexcept = 0;

  /// Adds the pages of `within` that may have been written since they were last collected, and watches them
  /// again. Errors: unsupported, no_memory; then pages may have been added, and none is forgotten.
  virtual Result<void> collect(PageRun within, PageSet& changed) = 0;

  /// False: pages that nobody wrote are reported so often that it pays to compare them.
  [[nodiscard]] virtual bool is_exact() const noexcept { return true; }

  /// The pages are about to be written, or given back: they count as written at the next collect().
  virtual void mark_dirty(PageRun run) noexcept = 0;

  /// The memory behind the pages was given back; they are to be watched as before.
  virtual void punched(PageRun) noexcept {}

  /// How many pages the last epoch changed, and that an epoch has ended: for a tracker that learns from it.
  virtual void epoch_ended(std::uint64_t /*pages*/) noexcept {}
};

Result<std::unique_ptr<Tracker>> track_async(const Mapping& mapping);
Result<std::unique_ptr<Tracker>> track_sigbus(const Mapping& mapping);
Result<std::unique_ptr<Tracker>> track_mprotect(const Mapping& mapping);
Result<std::unique_ptr<Tracker>> track_software(const Mapping& mapping);
/// Goes between `async` and `sigbus`, whichever has been cheaper lately.
Result<std::unique_ptr<Tracker>> track_adaptive(const Mapping& mapping);

/// By name; not `automatic`.
Result<std::unique_ptr<Tracker>> track(Tracking tracking, const Mapping& mapping);

}  // namespace cleave::detail
