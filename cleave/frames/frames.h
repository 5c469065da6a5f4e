// All frames of a pool: who is free, who is taken, how many references each has.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cleave/base/error.h"
#include "cleave/base/units.h"
#include "cleave/frames/frame_state.h"
#include "cleave/frames/free_list.h"
#include "cleave/frames/keeper.h"
#include "cleave/frames/window.h"
#include "cleave/sync/atomic.h"
#include "cleave/sync/mutex.h"
#include "cleave/sync/spread_count.h"

namespace cleave {

/// What a pool holds at one moment. The first five add up to `budget`, in frames. While other threads
/// work, the moment is not quite the same for each figure.
struct PoolStatistics {
  std::uint64_t budget;     ///< frames that the pool may use
  std::uint64_t used;       ///< named by some space or snapshot
  std::uint64_t free;       ///< with memory behind them, given back by spaces
  std::uint64_t ready;      ///< with memory behind them, never used
  std::uint64_t returned;   ///< their memory was given back to the kernel
  std::uint64_t untouched;  ///< the kernel has never been asked for their memory

  std::uint64_t nodes;      ///< table nodes alive
  std::uint64_t regions;    ///< region nodes alive
  std::uint64_t spaces;     ///< spaces alive
  std::uint64_t accessors;  ///< accessors alive

  std::uint64_t short_pins;  ///< pages pinned now, for one operation
  std::uint64_t long_pins;   ///< pages pinned now, for as long as the holder likes

  std::uint64_t copies;  ///< pages copied because they were shared, ever
  std::uint64_t zeroed;  ///< absent pages given a frame, ever

  std::uint64_t metadata_bytes_per_frame;
};

/// Counts of things that live outside the frames but belong to the pool. Written by whoever makes or
/// ends one, read for statistics; nothing hangs on their order.
struct Census {
  sync::atomic<std::uint64_t> nodes{0};
  sync::atomic<std::uint64_t> regions{0};
  sync::atomic<std::uint64_t> spaces{0};
  sync::atomic<std::uint64_t> accessors{0};
  // By far the hottest: each pin and its release.
  sync::SpreadCount short_pins;
  sync::SpreadCount long_pins;
  sync::atomic<std::uint64_t> copies{0};
  sync::atomic<std::uint64_t> zeroed{0};
};

class Frames {
 public:
  /// A frame with one reference, the caller's. `zeroed`: it is known to hold only zeroes.
  struct Taken {
    FrameId frame;
    bool zeroed;
  };

  /// Room for `budget` frames beside the zero frame. Errors: no_memory, unsupported.
  static Result<Frames*> create(std::uint64_t budget);
  ~Frames();
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;

  /// Any thread. Tens of ns when a free frame is at hand; about 1 us a frame, for several frames at
  /// once, when the kernel must provide memory first. Error: no_memory.
  Result<Taken> take();

  /// Frames whose last reference is gone. Any thread. O(1), however long the chain.
  void give(const FrameChain& chain) noexcept;

  [[nodiscard]] std::byte* data(FrameId frame) const noexcept { return window_.data(frame); }
  [[nodiscard]] FrameState& state(FrameId frame) const noexcept { return states_[raw(frame)]; }
  [[nodiscard]] FrameLinks links() const noexcept { return links_; }
  [[nodiscard]] const Window& window() const noexcept { return window_; }
  [[nodiscard]] Census& census() noexcept { return census_; }

  /// Sees to it that `count` frames are free and have memory, so that no write waits for the kernel later.
  /// Error: no_memory (budget or machine); what could be provided stays.
  Result<void> reserve(std::uint64_t count);

  /// Gives the memory of all free frames back to the kernel, but for what a Keeper keeps. The number of
  /// frames returned.
  /// Errors: no_memory (for a list of the frames), unsupported; frames not returned stay free.
  Result<std::uint64_t> trim();

  [[nodiscard]] PoolStatistics statistics() noexcept;

  static constexpr std::uint64_t kMetadataBytes =
      sizeof(FrameState) + sizeof(sync::atomic<std::uint32_t>);

 private:
  friend class Keeper;
  Frames(Window&& window, std::uint64_t budget, FrameState* states, FrameLinks links)
      : window_(std::move(window)), budget_(budget), states_(states), links_(links) {}

  Taken hand_out(FrameId frame, bool zeroed);
  Result<Taken> take_fresh();
  // With growth_ held.
  Result<void> populate_more(std::uint64_t count);
  Result<void> populate_returned(std::uint64_t most);
  [[nodiscard]] std::uint64_t free_count() const noexcept;
  [[nodiscard]] bool is_kept(FrameId frame) const noexcept;

  Window window_;
  const std::uint64_t budget_;
  FrameState* const states_;  // budget_ + 1, zero-initialized, in memory of their own
  const FrameLinks links_;

  FreeList free_;                                    // memory behind them, contents unknown
  alignas(64) sync::atomic<std::uint64_t> used_{0};  // takers add, givers subtract

  alignas(64) sync::mutex growth_;  // guards what follows; a leaf: nothing is locked under it
  std::uint64_t fresh_ = 1;         // first frame that was never taken; 0 is the zero frame
  std::uint64_t populated_ = 1;     // frames below have memory (or were returned); >= fresh_
  Keeper* keepers_ = nullptr;
  FrameChain returned_;  // ascending runs, memory given back, zero when it comes again

  Census census_;
};

}  // namespace cleave
