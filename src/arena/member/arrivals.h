// The pages that a checkout puts in place.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <cleave/error.h>
#include <cleave/units.h>

#include "space/snapshot_state.h"

namespace cleave::detail {

/// Without a backing, pages are taken from where they lie. With one, a page may be away, or go away
/// at any moment, and bringing it may fail: so all pages are copied aside before the first is put
/// in place. What cannot be had is an error while nothing has changed.
class Arrivals {
 public:
  explicit Arrivals(const SnapshotState& from) noexcept : from_(from), walk_(from) {}
  Arrivals(const Arrivals&) = delete;
  Arrivals& operator=(const Arrivals&) = delete;
  ~Arrivals();

  [[nodiscard]] bool has(PageNo page) noexcept { return walk_.has(page); }
  [[nodiscard]] bool may_be_away() const noexcept { return from_.frames.away() != nullptr; }

  /// Called once, if they may be away: so many are fetched and taken. Error: no_memory.
  Result<void> make_room(std::uint64_t pages) noexcept;
  /// The next page, if there is one. Many are read together. Errors: io, no_memory, too_many_pins.
  Result<void> fetch(PageNo page) noexcept;
  /// After the last.
  Result<void> fetch_rest() noexcept;

  /// The bytes of a page, in the order in which they were fetched. Stay until this ends.
  [[nodiscard]] const std::byte* next(PageNo page) noexcept;

 private:
  [[nodiscard]] std::byte* aside(std::uint64_t n) noexcept { return aside_ + n * kPageSize; }

  const SnapshotState& from_;
  SnapshotWalk walk_;
  std::byte* aside_ = nullptr;
  std::uint64_t fetched_ = 0;
  std::uint64_t taken_ = 0;
  std::array<PageNo, Away::kTogether> waiting_;
  std::size_t waiting_count_ = 0;
};

}  // namespace cleave::detail
