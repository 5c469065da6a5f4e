// Equal frames become one, and no entry of a table is rewritten: a frame keeps its name, and its
// bytes are another's from then on.
//
//     keep         the other: one reference more, so that nobody owns it, and its bytes stand still
//     freeze       the frame, as if it were to go
//     invalidate   all that any thread remembers; wait for those that are looking
//     compare      the bytes, which no thread can change without being seen
//     leaving -> merged   one exchange; only then is the slot used again
//
// A frame is merged until its last reference goes. Reads follow it to the other; a write copies,
// because nobody owns it, and so does a pin. What it takes of the other is a reference, which goes
// when it does: whoever reads through a frame keeps that, and thereby the other.
// docs/decisions/0015-merging-equal-pages.md has what was rejected.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/error.h>
#include <cleave/pool.h>
#include <cleave/units.h>

#include "frames/away/away.h"
#include "frames/away/seen.h"
#include "frames/slots/slot.h"

namespace cleave::detail {

/// All of it under the clock of the pool, so that nothing goes meanwhile.
class Merger {
 public:
  explicit Merger(Away& away) noexcept : away_(away) {}

  /// Passes by so many slots, once round at most. No lock is held. Error: no_memory.
  Result<MergeReport> sweep(std::uint64_t slots) noexcept;
  /// Merges two frames if they are equal, however long they have been. No lock is held. False: they
  /// are not, or one of them is pinned, or away, or was met meanwhile.
  bool merge(FrameId frame, FrameId with) noexcept;

  /// Any thread: a frame that was merged with this one is given back.
  void ends(FrameId with) noexcept;
  /// How many are merged with this one.
  [[nodiscard]] std::uint32_t sharers(FrameId frame) const noexcept { return seen_.sharers(frame); }
  void add_to(PoolStatistics& statistics) const noexcept;

 private:
  /// As many as are merged together: one membarrier.
  static constexpr std::size_t kBatch = sync::kExplored ? 2 : 256;
  /// As long as the clock is kept from others: a millisecond.
  static constexpr std::uint64_t kStep = 1024;

  struct Pair {
    FrameId frame;
    FrameId with;  // the zero frame, too
    Slot slot;     // of the frame, once that is frozen
  };

  [[nodiscard]] FrameState& state(FrameId frame) const noexcept { return away_.state(frame); }
  [[nodiscard]] bool prepare() noexcept CLEAVE_REQUIRES(away_.clock_);
  /// Where to read what lies in a slot: of two at a time, the n-th.
  [[nodiscard]] const std::byte* unstable(Slot slot, std::size_t n) const noexcept
      CLEAVE_REQUIRES(away_.clock_);

  std::uint64_t look_at(std::uint64_t slots, MergeReport& done) noexcept
      CLEAVE_REQUIRES(away_.clock_);
  void look_at(FrameId frame, MergeReport& done) noexcept CLEAVE_REQUIRES(away_.clock_);
  std::uint64_t merge_pairs() noexcept CLEAVE_REQUIRES(away_.clock_);
  [[nodiscard]] bool freeze(Pair& pair) noexcept CLEAVE_REQUIRES(away_.clock_);
  [[nodiscard]] bool merge(const Pair& pair) noexcept CLEAVE_REQUIRES(away_.clock_);
  [[nodiscard]] bool are_equal(const Pair& pair) noexcept CLEAVE_REQUIRES(away_.clock_);
  void stays(const Pair& pair) noexcept CLEAVE_REQUIRES(away_.clock_);
  void let_go(FrameId with) noexcept;

  Away& away_;
  Seen seen_;  // guarded by the clock, but for sharers
  std::uint64_t hand_ CLEAVE_GUARDED_BY(away_.clock_) = 0;
  std::array<Pair, kBatch> pairs_ CLEAVE_GUARDED_BY(away_.clock_);
  std::size_t count_ CLEAVE_GUARDED_BY(away_.clock_) = 0;

  /// Frames that are merged (relaxed: for statistics).
  sync::atomic<std::uint64_t> merged_{0};
};

}  // namespace cleave::detail
