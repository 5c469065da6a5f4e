// Vector clocks over the steps of one run.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "lab/explore/execution/schedule.h"

namespace lab::explore {

/// For each actor, how many of the run's steps one has to count to come past its latest step that
/// happened before: 1 + that step's position; 0 if there is none. Positions fit, as runs are
/// bounded.
template <int Width>
struct Clock {
  alignas(16) std::array<std::int16_t, Width> past{};

  [[nodiscard]] std::int16_t operator[](int row) const {
    return past[static_cast<std::size_t>(row)];
  }
  std::int16_t& operator[](int row) { return past[static_cast<std::size_t>(row)]; }
  void join(const Clock& other) {
    for (std::size_t i = 0; i < Width; ++i) past[i] = std::max(past[i], other.past[i]);
  }
  /// The latest of all.
  [[nodiscard]] std::int16_t latest() const {
    std::int16_t latest = 0;
    for (std::size_t i = 0; i < Width; ++i) latest = std::max(latest, past[i]);
    return latest;
  }
};

inline constexpr std::uint32_t kMostSteps = 32'000;

/// An actor's row in clocks: threads alone under sc, each thread and its buffer under tso.
constexpr int row_of(Actor actor, bool buffers) {
  return buffers ? 2 * thread_of(actor) + (is_flush(actor) ? 1 : 0) : actor;
}

}  // namespace lab::explore
