// Pages of a snapshot that are about to be looked at: those that are away come together.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <cleave/units.h>

#include "space/snapshot_state.h"

namespace cleave::detail {

/// A disk that is asked for many pages at once gives several times as many as one that is asked for
/// one after the other. Costs nothing where nothing is away, and says nothing of what it could not
/// bring: the look at the page does.
class ReadAhead {
 public:
  explicit ReadAhead(const SnapshotState& from) noexcept : from_(from), walk_(from) {}
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  /// As many as are looked at together: no more than a quarter of the memory, so that they are
  /// still there when they are looked at. 0: nothing is ever away.
  [[nodiscard]] std::uint64_t window() const noexcept {
    if (from_.frames.away() == nullptr) return 0;
    return std::clamp<std::uint64_t>(from_.frames.slots().count() / 4, 1, Away::kTogether);
  }

  void add(PageNo page) noexcept {
    const FrameId frame = walk_.frame(page);
    if (from_.frames.is_in_memory(frame)) return;
    frames_[count_++] = frame;
    if (count_ == window()) bring();
  }
  /// What was added, now.
  void bring() noexcept {
    if (count_ > 1) from_.frames.away()->bring_together(std::span(frames_).first(count_));
    count_ = 0;
  }

 private:
  const SnapshotState& from_;
  SnapshotWalk walk_;
  std::array<FrameId, Away::kTogether> frames_;
  std::size_t count_ = 0;
};

}  // namespace cleave::detail
