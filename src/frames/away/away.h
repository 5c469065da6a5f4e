// The frames of a pool with a backing: where their bytes are, who goes, and how they come back.
//
//     going    freeze a batch      one exchange each: unpinned, unwired, not met since last time
//              invalidate            all that any thread remembers; wait for those that are looking
//              write               to the backing
//              leaving -> away     one exchange each; only then is the slot used again
//     coming   wire                so that the frame is not given back meanwhile
//              away -> coming      one exchange: one thread reads
//              read                into a slot of its own
//              coming -> clean
//
// Whoever meets a frame that is leaving makes it stopped before touching a byte, and it stays.
// docs/decisions/0014-memory-that-is-away.md has the protocol and what was rejected.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <cleave/backing.h>
#include <cleave/detail/atomic.h>
#include <cleave/error.h>
#include <cleave/units.h>

#include "frames/away/ages.h"
#include "frames/away/background.h"
#include "frames/away/notifiers.h"
#include "frames/slots/free_list.h"
#include "frames/slots/slots.h"
#include "frames/state/frame_state.h"
#include "sync/memory.h"
#include "sync/mutex.h"

namespace cleave::detail {

class Merger;

class Away {
 public:
  /// For frames 1 to `frames`. Errors: no_memory.
  static Result<Away*> create(Slots& slots, FrameState* states, std::uint64_t frames,
                              std::unique_ptr<Backing> backing);
  Away(Slots& slots, FrameState* states, std::uint64_t frames) noexcept;
  Away(const Away&) = delete;
  Away& operator=(const Away&) = delete;
  ~Away();

  Notifiers notifiers;
  Background background{*this};

  struct Taken {
    FrameId frame;
    bool zeroed;
  };
  /// A frame in memory. Errors: lack::memory, no_memory (the pool holds as many pages as it can).
  Result<Taken> take() noexcept;
  /// Frames that are nowhere yet.
  struct Names {
    FrameChain given_back;    ///< linked through links()
    std::uint64_t first = 0;  ///< and of such as never had a page the first,
    std::uint64_t fresh = 0;  ///< and how many there are
  };
  /// So many; all or none. They count as away from now on: the caller has all of them adopted. Cost
  /// of those that never had a page: by the memory that is kept of them, most of which the kernel
  /// makes here, in one go. Errors: no_memory (the pool holds as many pages as it can).
  Result<Names> take_names(std::uint64_t count) noexcept;
  /// Makes one of `names`, which loses it, what the backing has at `place`: a frame with one
  /// reference, the caller's, that is away. Precondition: one is left.
  FrameId adopt(Names& names, Backing::Place place) noexcept {
    const FrameId frame = next_of(names);
    place_of_[raw(frame)].store(static_cast<std::uint64_t>(place), sync::relaxed);
    state(frame).own_away();
    return frame;
  }
  /// Frames that nothing keeps any more, linked through links().
  void give(const FrameChain& chain) noexcept;
  [[nodiscard]] Links links() const noexcept { return links_; }

  /// Meaningful while the frame is in memory.
  [[nodiscard]] Slot slot(FrameId frame) const noexcept {
    return Slot{slot_of_[raw(frame)].load(sync::relaxed)};
  }
  /// Meaningful while what lies there is pinned or wired.
  [[nodiscard]] FrameId frame_in(Slot slot) const noexcept {
    return FrameId{owner_[raw(slot)].load(sync::relaxed)};
  }

  /// Whose bytes a frame's are: its own, or those of the frame that it is merged with. The caller
  /// keeps it, and thereby that one.
  [[nodiscard]] FrameId whose(FrameId frame) const noexcept {
    while (frame != kZeroFrame && state(frame).is_merged()) frame = merged_with(frame);
    return frame;
  }
  /// As FrameState::wire(), of whose bytes they are: `frame` is that one then.
  [[nodiscard]] bool wire(FrameId& frame, bool* here) noexcept;

  /// Brings a frame that the caller wires. No lock is held. Errors: io (the backing), no_memory
  /// (nothing can go for it).
  Result<void> bring(FrameId frame) noexcept;
  /// At most so many in one call of bring_together().
  static constexpr std::size_t kTogether = 64;
  /// The same of frames that the caller keeps, in one read: those that are away, as far as there is
  /// room for them. Says nothing of what it could not do: bring() does, of a frame that is needed.
  void bring_together(std::span<const FrameId> frames) noexcept;
  /// Sees to it that so many slots are free, for a moment at least, or that more are than were. No
  /// lock is held. Error: no_memory (the rest is pinned or being looked at, or there are no more).
  Result<void> make_room(std::uint64_t wanted = 1) noexcept;
  /// Has so many frames go, if so many can. No lock is held. How many slots became free.
  std::uint64_t reclaim(std::uint64_t count) noexcept;

  /// Has this frame go, if it can, whenever it was met last. No lock is held. False: it is pinned
  /// or wired, or met meanwhile, or the backing takes nothing.
  bool evict(FrameId frame) noexcept;

  [[nodiscard]] Merger& merger() const noexcept { return *merger_; }

  void add_to(PoolStatistics& statistics) const noexcept;
  [[nodiscard]] const Backing& backing() const noexcept { return *backing_; }
  [[nodiscard]] const Slots& slots() const noexcept { return slots_; }

 private:
  friend class Merger;
  /// As many as go together at most: one membarrier, one call of the backing.
  static constexpr std::size_t kBatch = sync::kExplored ? 2 : 256;
  /// A pool of little memory keeps most of it.
  [[nodiscard]] std::size_t batch() const noexcept {
    if (sync::kExplored) return kBatch;
    return std::clamp<std::uint64_t>(slots_.count() / 16, 16, kBatch);
  }
  /// Rounds in which nothing goes, because other threads meet what would or have it on its way in.
  /// They come to an end; but an explorer can let us go round for ever.
  static constexpr unsigned kMostRounds = sync::kExplored ? 3 : ~0u;
  /// Of a page of zeroes. No backing gives it.
  static constexpr Backing::Place kZeroes{~std::uint64_t{0}};

  struct Frozen {
    FrameId frame;
    Slot slot;
    bool clean;
  };

  [[nodiscard]] FrameState& state(FrameId frame) const noexcept { return states_[raw(frame)]; }
  [[nodiscard]] FrameId merged_with(FrameId frame) const noexcept {
    return FrameId{static_cast<std::uint32_t>(place_of_[raw(frame)].load(sync::relaxed))};
  }
  struct Fresh {
    std::uint64_t first;
    std::uint64_t count;
  };
  /// Frames that never had a page: as many as are left, `most` at most.
  [[nodiscard]] Fresh take_fresh(std::uint64_t most) noexcept;
  [[nodiscard]] FrameId take_name() noexcept;
  void give_back(Names& names) noexcept;
  [[nodiscard]] FrameId next_of(Names& names) const noexcept {
    if (names.fresh == 0) return names.given_back.pop(links_);
    --names.fresh;
    return FrameId{static_cast<std::uint32_t>(names.first++)};
  }
  Result<void> fill(FrameId frame, Slot slot) noexcept;
  void settle(FrameId frame, Slot slot, bool marked) noexcept;
  void end_coming(FrameId frame, Slot slot, bool here) noexcept;
  void drop_place(FrameId frame) noexcept;
  void free_slot(Slot slot) noexcept;
  void free_name(FrameId frame) noexcept;

  std::uint64_t reclaim_locked(std::uint64_t count) noexcept CLEAVE_REQUIRES(clock_);
  FrameState::Frozen freeze_into_batch(FrameId frame) noexcept CLEAVE_REQUIRES(clock_);
  FrameState::Frozen pass(FrameId frame, Slot slot) noexcept CLEAVE_REQUIRES(clock_);
  [[nodiscard]] bool freeze_batch(std::uint64_t& looked) noexcept CLEAVE_REQUIRES(clock_);
  [[nodiscard]] std::uint64_t send_batch() noexcept CLEAVE_REQUIRES(clock_);
  void put_batch() noexcept CLEAVE_REQUIRES(clock_);
  void drop_copies() noexcept CLEAVE_REQUIRES(clock_);
  [[nodiscard]] bool is_any_coming() const noexcept;
  void give_one(FrameId frame) noexcept;
  void end_merged(FrameId frame) noexcept;

  Slots& slots_;
  FrameState* const states_;
  const std::uint64_t frames_;
  std::unique_ptr<Backing> backing_;
  sync::Owned<Merger> merger_;

  // By frame. Written by the thread that holds the frame in a state that no other can act on
  // (taken, leaving, coming), published by the state word's next change.
  using Number = sync::atomic<std::uint32_t>;
  using PlaceNumber = sync::atomic<std::uint64_t>;
  Number* slot_of_ = nullptr;
  PlaceNumber* place_of_ = nullptr;  // in the backing; of a merged frame, the other's number
  Links links_ = nullptr;
  /// By slot: read by the hand, to which it is a hint, and by who pins or wires what lies there.
  Number* owner_ = nullptr;
  Ages ages_;
  std::byte* copies_ CLEAVE_PT_GUARDED_BY(clock_) = nullptr;  // of a batch

  FreeList<FrameId> free_;
  /// The first frame that was never taken. Takers add (relaxed: the number is all there is to it).
  sync::atomic<std::uint64_t> fresh_{1};

  /// Held while frames go. Taken before every other lock.
  sync::mutex clock_;
  std::uint64_t hand_ CLEAVE_GUARDED_BY(clock_) = 0;
  std::array<Frozen, kBatch> frozen_ CLEAVE_GUARDED_BY(clock_);
  std::size_t count_ CLEAVE_GUARDED_BY(clock_) = 0;
  Result<void> refused_
      CLEAVE_GUARDED_BY(clock_);  // by the backing, the last time that it was asked

  /// Pages dropped from the backing, ever: a thread that found it full looks whether it still is
  /// (relaxed: if it misses one, it meets it the next time round).
  sync::atomic<std::uint64_t> dropped_{0};

  // For statistics (relaxed).
  sync::atomic<std::uint64_t> away_{0};
  sync::atomic<std::uint64_t> went_{0};
  sync::atomic<std::uint64_t> came_{0};
};

}  // namespace cleave::detail
