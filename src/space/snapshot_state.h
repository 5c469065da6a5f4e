// What stands behind a snapshot.
#pragma once

#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/units.h>

#include "frames/frames.h"
#include "space/regions.h"
#include "table/table.h"

namespace cleave::detail {

/// Never changes once it is made, so that it is read without a lock.
struct SnapshotState {
  SnapshotState(Frames& pool, const Regions& mapped) noexcept : frames(pool), regions(mapped) {
    frames.retain();
  }

  /// Without contents yet, with one reference, the caller's. nullptr: no memory.
  static SnapshotState* make(Frames& frames, const Regions& regions) noexcept;
  void retain() noexcept { references.add(1, sync::relaxed); }
  /// Cost, of the last reference: by what only this snapshot still held.
  void release() noexcept;

  /// A look at the page's bytes, zeroes where it is absent. Errors: as Frames::look().
  [[nodiscard]] Result<Look> look(PageNo page) const noexcept {
    return frames.look(table.find(page));
  }
  /// Whether that would bring nothing.
  [[nodiscard]] bool is_here(PageNo page) const noexcept {
    return frames.is_in_memory(table.find(page));
  }
  [[nodiscard]] bool has(PageNo page) const noexcept { return table.find(page) != kZeroFrame; }

  Frames& frames;
  /// Copies of the handle. Raised by holders (relaxed), lowered with acq_rel: who ends it has seen
  /// all reads.
  sync::atomic<std::uint64_t> references{1};
  Table table;
  Regions regions;
};

/// Looks at one page after another of a snapshot that outlives it: the way to the next one is
/// short. One thread's.
class SnapshotWalk {
 public:
  explicit SnapshotWalk(const SnapshotState& of) noexcept : of_(of) {}

  [[nodiscard]] Frames& frames() const noexcept { return of_.frames; }

  /// The zero frame where the page is absent.
  [[nodiscard]] FrameId frame(PageNo page) noexcept { return of_.table.find(page, path_); }
  // As those of SnapshotState.
  [[nodiscard]] bool has(PageNo page) noexcept { return frame(page) != kZeroFrame; }
  [[nodiscard]] bool is_here(PageNo page) noexcept { return of_.frames.is_in_memory(frame(page)); }
  [[nodiscard]] Result<Look> look(PageNo page) noexcept { return of_.frames.look(frame(page)); }

 private:
  const SnapshotState& of_;
  Path<const Node> path_;
};

}  // namespace cleave::detail
