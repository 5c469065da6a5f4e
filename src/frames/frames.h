// All frames of a pool: who is free, who is taken, how many references each has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <cleave/detail/atomic.h>
#include <cleave/error.h>
#include <cleave/pool.h>
#include <cleave/units.h>

#include "frames/away/away.h"
#include "frames/look.h"
#include "frames/pool_references.h"
#include "frames/slots/free_list.h"
#include "frames/slots/slots.h"
#include "frames/state/frame_state.h"
#include "sync/memory.h"

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

  /// Memory for `budget` frames beside the zero frame, with one reference, the caller's. With a
  /// backing, as many frames more as that can hold. Errors: bad_argument, no_memory, unsupported.
  static Result<Frames*> create(std::uint64_t budget, std::unique_ptr<Backing> backing = nullptr);
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

  /// Any thread, under whatever lock. Tens of ns when a free frame is at hand; about 1 us a frame,
  /// for several frames at once, when the kernel must provide memory first. Errors: no_memory,
  /// lack::memory.
  Result<Taken> take();
  /// The same for several, whatever they hold, with few locked operations where free frames are at
  /// hand: as many as `into` has room for, or as can be had. One at least.
  Result<std::size_t> take(std::span<FrameId> into);
  /// What take() gave, unused.
  void give_back(std::span<const FrameId> taken) noexcept;

  /// Frames whose last reference is gone. Any thread. O(1), however long the chain.
  void give(const FrameChain& chain) noexcept {
    if (away_ != nullptr) return away_->give(chain);
    slots_.give({Slot{raw(chain.first)}, Slot{raw(chain.last)}, chain.count});
  }

  /// Where the frame's bytes are, for who knows that they are in memory and stay there: it is
  /// pinned, wired, new, or was reached in the same section or under the same lock.
  [[nodiscard]] std::byte* data(FrameId frame) const noexcept {
    return slots_.file().data(away_ == nullptr ? Slot{raw(frame)} : away_->slot(frame));
  }
  /// The same for who does not know, inside a section or under the space's lock. nullptr: they are
  /// away.
  [[nodiscard]] std::byte* reach(FrameId frame) const noexcept {
    if (away_ == nullptr) return slots_.file().data(Slot{raw(frame)});
    return frame == kZeroFrame || state(frame).reach() ? data(frame) : reach_merged(frame);
  }
  /// The same to write there.
  [[nodiscard]] std::byte* reach_for_writing(FrameId frame) const noexcept {
    if (away_ == nullptr) return slots_.file().data(Slot{raw(frame)});
    return state(frame).reach_for_writing() ? data(frame) : nullptr;
  }
  /// Which frame's bytes lie at an address inside the pool's memory, for who pins or wires it.
  [[nodiscard]] FrameId frame_at(const void* address) const noexcept {
    const auto offset =
        static_cast<std::uint64_t>(static_cast<const std::byte*>(address) - slots_.file().base());
    const auto slot = static_cast<std::uint32_t>(offset >> kPageBits);
    return away_ == nullptr ? FrameId{slot} : away_->frame_in(Slot{slot});
  }

  /// A look at a page without a section and without a lock, by who keeps it from being given back.
  /// Errors: io and no_memory, as Away::bring(); too_many_pins. Cost: two atomic operations; none
  /// without a backing.
  Result<Look> look(FrameId frame) noexcept;
  /// Whether reach() would find it, at one moment.
  [[nodiscard]] bool is_in_memory(FrameId frame) const noexcept {
    if (away_ != nullptr) frame = away_->whose(frame);
    return frame == kZeroFrame || state(frame).is_here();
  }
  /// What reach() could not, for Provided, which brings it.
  [[gnu::cold]] tl::unexpected<Error> lacks(FrameId frame) noexcept;
  void unwire(FrameId frame) noexcept;
  /// The same for the page at an address inside the pool's memory.
  void unwire_at(const std::byte* address) noexcept;

  [[nodiscard]] FrameState& state(FrameId frame) const noexcept { return states_[raw(frame)]; }
  [[nodiscard]] Links links() const noexcept {
    return away_ == nullptr ? slots_.links() : away_->links();
  }
  [[nodiscard]] Slots& slots() noexcept { return slots_; }
  [[nodiscard]] const FrameFile& file() const noexcept { return slots_.file(); }
  /// Null: there is no backing.
  [[nodiscard]] Away* away() const noexcept { return away_.get(); }
  /// The highest of all frames that there can be.
  [[nodiscard]] FrameId last() const noexcept { return last_; }
  /// False in a child of fork(2). There nothing of the pool is used, and nothing ends: no lock is
  /// taken that another thread may have held, and nothing is looked at that it had in hand.
  [[nodiscard]] bool is_here() const noexcept { return file().is_here(); }
  [[nodiscard]] PoolCounters& counters() noexcept { return counters_; }

  /// As Pool::reserve and Pool::trim, in pages.
  Result<void> reserve(std::uint64_t count);
  Result<std::uint64_t> trim();

  [[nodiscard]] PoolStatistics statistics() noexcept;

  static constexpr std::uint64_t kMetadataBytes =
      sizeof(FrameState) + sizeof(sync::atomic<std::uint32_t>);

 private:
  Frames(Slots&& slots, FrameId last, FrameState* states)
      : slots_(std::move(slots)), last_(last), states_(states) {}

  void end() noexcept;
  Result<Taken> take_one();
  /// Apart: what it moves about, a pool without a backing is not to pay for.
  [[gnu::noinline]] Result<Taken> take_backed();
  [[nodiscard]] std::byte* reach_merged(FrameId frame) const noexcept;

  Slots slots_;
  const FrameId last_;
  FrameState* const states_;  // last_ + 1, zero-initialized, in memory of their own
  sync::Owned<Away> away_;

  PoolReferences references_;
  PoolCounters counters_;
};

}  // namespace cleave::detail
