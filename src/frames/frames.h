// All frames of a pool: who is free, who is taken, how many references each has.
#pragma once

#include <cstddef>
#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/error.h>
#include <cleave/pool.h>
#include <cleave/units.h>

#include "frames/frame_file.h"
#include "frames/frame_state.h"
#include "frames/free_list.h"
#include "frames/pool_references.h"
#include "frames/trim_guard.h"
#include "sync/mutex.h"
#include "sync/plain.h"

namespace cleave::detail {

/// Counts of things that live outside the frames but belong to the pool. Written by whoever makes
/// or ends one, read for statistics; nothing hangs on their order (relaxed).
struct PoolCounters {
  sync::atomic<std::uint64_t> nodes{0};
  sync::atomic<std::uint64_t> regions{0};
  sync::atomic<std::uint64_t> accessors{0};
  sync::atomic<std::uint64_t> copies{0};
  sync::atomic<std::uint64_t> zeroed{0};
};

/// What an operation on a pool, or on what stands in one, answers where the pool is not here.
[[gnu::cold]] tl::unexpected<Error> not_here() noexcept;

class Frames {
 public:
  /// A frame with one reference, the caller's. `zeroed`: it is known to hold only zeroes.
  struct Taken {
    FrameId frame;
    bool zeroed;
  };

  /// Room for `budget` frames beside the zero frame, with one reference, the caller's. Errors:
  /// bad_argument, no_memory, unsupported.
  static Result<Frames*> create(std::uint64_t budget);
  ~Frames();
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;

  // What stands in the pool keeps it (frames/pool_references.h). The last release ends it.
  void retain() noexcept { references_.retain(); }
  void release() noexcept {
    if (references_.release()) end();
  }
  void retain_for_space() noexcept { references_.retain_for_space(); }
  void release_for_space() noexcept {
    if (references_.release_for_space()) end();
  }
  /// `term`: 0 or 1. Gives what release_pins() wants to know.
  [[nodiscard]] std::uint8_t retain_pins(unsigned term, std::uint64_t pages) noexcept {
    return references_.retain_pins(term, pages);
  }
  void release_pins(std::uint8_t place, std::uint64_t pages) noexcept {
    if (references_.release_pins(place, pages)) end();
  }

  /// Any thread. Tens of ns when a free frame is at hand; about 1 us a frame, for several frames at
  /// once, when the kernel must provide memory first. Error: no_memory.
  Result<Taken> take();

  /// Frames whose last reference is gone. Any thread. O(1), however long the chain.
  void give(const FrameChain& chain) noexcept;

  [[nodiscard]] std::byte* data(FrameId frame) const noexcept { return file_.data(frame); }
  [[nodiscard]] FrameState& state(FrameId frame) const noexcept { return states_[raw(frame)]; }
  [[nodiscard]] FrameLinks links() const noexcept { return links_; }
  [[nodiscard]] const FrameFile& file() const noexcept { return file_; }
  /// False in a child of fork(2). There nothing of the pool is used, and nothing ends: no lock is
  /// taken that another thread may have held, and nothing is looked at that it had in hand.
  [[nodiscard]] bool is_here() const noexcept { return file_.is_here(); }
  [[nodiscard]] PoolCounters& counters() noexcept { return counters_; }

  /// Sees to it that `count` frames are free and have memory, so that no write waits for the kernel
  /// later. Error: no_memory (budget or machine); what could be provided stays.
  Result<void> reserve(std::uint64_t count);

  /// Gives the memory of all free frames back to the kernel, but for what a TrimGuard keeps. The
  /// number of frames returned. Errors: no_memory (for a list of the frames), unsupported; frames
  /// not returned stay free.
  Result<std::uint64_t> trim();

  [[nodiscard]] PoolStatistics statistics() noexcept;

  static constexpr std::uint64_t kMetadataBytes =
      sizeof(FrameState) + sizeof(sync::atomic<std::uint32_t>);

 private:
  friend class TrimGuard;
  Frames(FrameFile&& file, std::uint64_t budget, FrameState* states, FrameLinks links)
      : file_(std::move(file)), budget_(budget), states_(states), links_(links) {}

  void end() noexcept;
  Taken hand_out(FrameId frame, bool zeroed);
  Result<Taken> take_fresh();
  FrameId next_fresh() noexcept CLEAVE_REQUIRES(growth_);
  Result<void> populate_more(std::uint64_t count) CLEAVE_REQUIRES(growth_);
  Result<void> populate_returned(std::uint64_t most) CLEAVE_REQUIRES(growth_);
  [[nodiscard]] std::uint64_t free_count() const noexcept CLEAVE_REQUIRES(growth_);
  [[nodiscard]] bool is_kept(FrameId frame) const noexcept CLEAVE_REQUIRES(growth_);

  FrameFile file_;
  const std::uint64_t budget_;
  FrameState* const states_;  // budget_ + 1, zero-initialized, in memory of their own
  const FrameLinks links_;

  FreeList free_;                                    // memory behind them, contents unknown
  alignas(64) sync::atomic<std::uint64_t> used_{0};  // takers add, givers subtract

  alignas(64) sync::mutex growth_;  // a leaf: nothing is locked under it
  /// The first frame that was never taken; 0 is the zero frame.
  sync::plain<std::uint64_t> fresh_ CLEAVE_GUARDED_BY(growth_){1};
  /// Frames below have memory, or were returned. At least fresh_.
  std::uint64_t populated_ CLEAVE_GUARDED_BY(growth_) = 1;
  TrimGuard* trim_guards_ CLEAVE_GUARDED_BY(growth_) = nullptr;
  /// Ascending runs whose memory was given back; zeroes when it comes again.
  FrameChain returned_ CLEAVE_GUARDED_BY(growth_);

  PoolReferences references_;
  PoolCounters counters_;
};

}  // namespace cleave::detail
