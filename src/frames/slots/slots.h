// The slots of a pool: who is free, what has memory behind it, what the kernel has back.
#pragma once

#include <cstddef>
#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/error.h>
#include <cleave/pool.h>

#include "base/plain.h"
#include "frames/slots/frame_file.h"
#include "frames/slots/free_list.h"
#include "sync/mutex.h"

namespace cleave::detail {

class TrimGuard;

class Slots {
 public:
  /// `zeroed`: it is known to hold only zeroes.
  struct Taken {
    Slot slot;
    bool zeroed;
  };

  /// `count` slots beside the zero frame's. Errors: as FrameFile::create, and no_memory.
  static Result<Slots> create(std::uint64_t count);
  Slots(Slots&& from) noexcept;  // before any other thread knows it
  Slots& operator=(Slots&&) = delete;
  ~Slots();

  /// Any thread. Tens of ns when a free slot is at hand; about 1 us a slot, for several at once,
  /// when the kernel must provide memory first. Error: no_memory; `is_full()` tells why.
  Result<Taken> take() {
    const Slot slot = free_.pop(links_);
    return slot == kZeroSlot ? take_fresh() : Result<Taken>(hand_out(slot, false));
  }
  /// Any thread. Free slots that are at hand: `most` of them, or as many as there are.
  SlotChain take_at_hand(std::uint64_t most) noexcept;
  /// Any thread. O(1), however long the chain.
  void give(const SlotChain& chain) noexcept {
    if (chain.empty()) return;
    used_.sub(chain.count, sync::relaxed);
    free_.push(chain, links_);
  }

  /// As Pool::reserve and Pool::trim, in slots.
  Result<void> reserve(std::uint64_t count);
  Result<std::uint64_t> trim();

  /// Those of its fields that are about slots.
  void add_to(PoolStatistics& statistics) noexcept;
  /// How many slots are not used. Exact while nothing changes.
  [[nodiscard]] std::uint64_t left() const noexcept { return count_ - used_.load(sync::relaxed); }
  [[nodiscard]] std::uint64_t used() const noexcept { return used_.load(sync::relaxed); }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] const FrameFile& file() const noexcept { return file_; }
  [[nodiscard]] Links links() const noexcept { return links_; }

 private:
  friend class TrimGuard;
  Slots(FrameFile&& file, std::uint64_t count, Links links)
      : file_(std::move(file)), count_(count), links_(links) {}

  Taken hand_out(Slot slot, bool zeroed) noexcept {
    used_.add(1, sync::relaxed);
    return {slot, zeroed};
  }
  Result<Taken> take_fresh();
  Slot next_fresh() noexcept CLEAVE_REQUIRES(growth_);
  Result<void> populate_more(std::uint64_t count) CLEAVE_REQUIRES(growth_);
  Result<void> populate_returned(std::uint64_t most) CLEAVE_REQUIRES(growth_);
  [[nodiscard]] std::uint64_t free_count() const noexcept CLEAVE_REQUIRES(growth_);
  [[nodiscard]] bool is_kept(Slot slot) const noexcept CLEAVE_REQUIRES(growth_);

  FrameFile file_;
  const std::uint64_t count_;
  Links links_;

  FreeList<Slot> free_;                              // memory behind them, contents unknown
  alignas(64) sync::atomic<std::uint64_t> used_{0};  // takers add, givers subtract

  alignas(64) sync::mutex growth_;  // a leaf: nothing is locked under it
  /// The first slot that was never taken; 0 is the zero frame's.
  plain<std::uint64_t> fresh_ CLEAVE_GUARDED_BY(growth_){1};
  /// Slots below have memory, or were returned. At least fresh_.
  std::uint64_t populated_ CLEAVE_GUARDED_BY(growth_) = 1;
  TrimGuard* trim_guards_ CLEAVE_GUARDED_BY(growth_) = nullptr;
  /// Ascending runs whose memory was given back; zeroes when it comes again.
  SlotChain returned_ CLEAVE_GUARDED_BY(growth_);
};

}  // namespace cleave::detail
