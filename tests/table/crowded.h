// A frame's count has a limit, and two thousand million forks take too long: the count is set.
#pragma once

#include <atomic>
#include <cstdint>

#include <cleave/pool.h>

#include "base/handle_access.h"
#include "frames/frames.h"

namespace cleave::detail {

/// While it lives, `frame` has as many references as it may have. It must have had one.
class Crowded {
 public:
  Crowded(const Pool& pool, FrameId frame) : state_(HandleAccess::state(pool).state(frame)) {
    word() += kMore;
  }
  ~Crowded() { word() -= kMore; }
  Crowded(const Crowded&) = delete;
  Crowded& operator=(const Crowded&) = delete;

 private:
  static constexpr std::uint64_t kMore = FrameState::kMostReferences - 1;
  // The state is one atomic word, and frame_state.h says what its low half means.
  std::atomic<std::uint64_t>& word() {
    return reinterpret_cast<std::atomic<std::uint64_t>&>(state_);
  }
  FrameState& state_;
};

}  // namespace cleave::detail
