// A few pages under a tracker, to see whether it works here.
#pragma once

#include "arena/track/registry.h"

namespace cleave::detail {

class Trial {
 public:
  static constexpr std::uint64_t kPages = 16;

  /// Errors: unsupported, no_memory.
  static Result<Trial> of(const TrackerKind& kind);

  /// Writes, asks, and writes again what is watched anew; then what the kind itself wants to try.
  /// Error: unsupported.
  Result<void> run();

  /// Writes to a page; noted beforehand only where the tracker needs that: what is marked counts as
  /// written, noticed or not.
  void write(std::uint64_t page);
  /// Asks the tracker; has() then tells.
  Result<void> collect();
  [[nodiscard]] bool has(std::uint64_t page) const { return changed_.has(page); }
  [[nodiscard]] std::byte* at(std::uint64_t page) const { return mapping_->native(page); }

 private:
  Trial(const TrackerKind& kind, sync::Owned<Mapping>&& mapping, PageSet&& changed,
        OwnedTracker&& tracker)
      : kind_(kind),
        mapping_(std::move(mapping)),
        changed_(std::move(changed)),
        tracker_(std::move(tracker)) {}

  const TrackerKind& kind_;
  sync::Owned<Mapping> mapping_;  // the tracker knows its address
  PageSet changed_;
  OwnedTracker tracker_;
};

}  // namespace cleave::detail
