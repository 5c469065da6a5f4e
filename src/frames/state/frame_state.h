// The state of a frame: one 64-bit word, changed only by atomic operations.
//
//     bits  0..27  references: entries of table nodes that name the frame
//     bits 28..39  read pins: exact, refused when full, never wrapped
//     bits 40..51  write pins, likewise
//     bits 52..59  wires: who needs the bytes to stay in memory, and no more than that
//     bits 60..62  residency: where the bytes are, and what is about to happen to them
//     bit  63      referenced: a walk has come by since the hand of the clock last did
//
// A pin is not a reference: ownership asks for references alone. But they share a word, so "one
// reference, and one pin more" is a single exchange, and the frame is free exactly when neither
// reference, pin nor wire is left. How often a frame is *mapped* is not recorded: nothing in the
// engine asks.
//
// In a pool without a backing the last three are zero for good, and a free frame's word is zero.
//
// A frame that is merged has one reference more than entries name it, and so has the frame whose
// bytes it takes for its own, for each that does: nobody owns either of them.
#pragma once

#include <cstdint>
#include <optional>

#include <cleave/detail/atomic.h>
#include <cleave/pin.h>

#include "base/check.h"

#ifndef CLEAVE_MOST_REFERENCES
#define CLEAVE_MOST_REFERENCES (std::uint64_t{1} << 27)
#endif

namespace cleave::detail {

/// Where a frame's bytes are. docs/decisions/0014-memory-that-is-away.md draws the changes.
enum class Residency : std::uint8_t {
  unbacked,  ///< in memory for good: the pool has no backing
  resident,  ///< in memory, and nowhere else
  clean,     ///< in memory, and the same in the backing
  leaving,   ///< in memory, on its way to the backing
  stopped,   ///< the same, but some thread has met it on its way: it will stay
  away,      ///< in the backing alone
  coming,    ///< some thread is reading it from the backing
  merged,    ///< another frame's are its own too, for as long as it lives
};

class FrameState {
 public:
  /// Above this a frame is not shared further, and the copy that wanted to share it fails. Half of
  /// the field is left free, because threads look before they add: each may overshoot by one, and
  /// there are fewer than 2^27 threads.
  static constexpr std::uint64_t kMostReferences = CLEAVE_MOST_REFERENCES;

  static constexpr std::uint64_t kMostPins = (1u << 12) - 1;  // of each kind
  static constexpr std::uint64_t kMostWires = (1u << 8) - 1;

  [[nodiscard]] static constexpr std::uint64_t references(std::uint64_t word) {
    return word & ((1u << 28) - 1);
  }
  [[nodiscard]] static constexpr std::uint64_t pins(std::uint64_t word, PinAccess access) {
    return (word >> (access == PinAccess::read ? 28 : 40)) & kMostPins;
  }
  [[nodiscard]] static constexpr std::uint64_t wires(std::uint64_t word) {
    return (word >> 52) & kMostWires;
  }
  [[nodiscard]] static constexpr Residency residency(std::uint64_t word) {
    return static_cast<Residency>(word >> 60 & 7);
  }

  /// Pins of one kind, or of both. acquire: who finds none has seen what was done through the last
  /// one.
  [[nodiscard]] std::uint64_t pins(PinAccess access) const noexcept {
    return pins(word_.load(sync::acquire), access);
  }
  [[nodiscard]] bool is_pinned() const noexcept { return has_pins(word_.load(sync::acquire)); }

  enum class PinResult : std::uint8_t { pinned, not_owned, too_many, away };
  /// One pin more, if the frame has one reference now, and its bytes are in memory. The caller has
  /// found all nodes on the path owned, in the same section or under the same lock; this is the
  /// last step of that walk, and the only one that a copy by another thread of the space could
  /// still overtake.
  [[nodiscard]] PinResult pin(PinAccess access) noexcept {
    std::uint64_t word = word_.load(sync::relaxed);
    for (;;) {
      if (references(word) != 1 && sync::performs("pin.look_again")) return PinResult::not_owned;
      if (pins(word, access) == kMostPins) return PinResult::too_many;
      std::uint64_t met = word;
      if (is_backed(word)) [[unlikely]] {
        if (!is_here(word) && sync::performs("pin.resident")) return PinResult::away;
        met = access == PinAccess::write ? met_by_writer(word) : met_by(word);
      }
      // acquire: an ownership found, as in references(). Nothing is published by a pin.
      if (word_.compare_exchange(word, met + unit(access), sync::acquire)) return PinResult::pinned;
    }
  }

  /// One pin fewer. True: neither pin nor reference is left, and the frame is the caller's to give
  /// back. Checks, in every build, that the pin was counted and that the promise held: what is
  /// pinned has one owner, or none any more, but never two.
  [[nodiscard]] bool unpin(PinAccess access) noexcept {
    // acq_rel: the next owner sees what the device did; the last one out sees what all others did.
    const std::uint64_t word = word_.fetch_sub(unit(access), sync::acq_rel);
    CLEAVE_CHECK(pins(word, access) != 0, "a pin was released that was never counted");
    CLEAVE_CHECK(
        references(word) <= 1,
        "a pinned frame was shared: its owner and the device may have seen different pages");
    // With a reference it is not free, for what is pinned is never merged.
    return references(word) == 0 && is_last(word - unit(access));
  }

  /// acquire: who finds a count of one has thereby seen everything that former owners did before
  /// they let go (the release half of drop()).
  [[nodiscard]] std::uint64_t references() const noexcept {
    return references(word_.load(sync::acquire));
  }

  /// One more reference, by a thread that holds one (through a node it may read), so the count
  /// cannot reach zero meanwhile. False: too many.
  [[nodiscard]] bool share() noexcept {
    const std::uint64_t word = word_.load(sync::relaxed);
    CLEAVE_CHECK(!has_pins(word), "a pinned frame was about to be shared");
    if (references(word) >= kMostReferences) return false;
    word_.add(1, sync::relaxed);  // publishes nothing: the new entry does, when its node is linked
    return true;
  }

  /// One more reference, unless the caller's is the only one: then nothing changes. See Ownership
  /// for why a copy starts with this. On true the caller has one reference more to drop.
  [[nodiscard]] bool share_if_shared() noexcept {
    // acquire: a count of one is an ownership found, as in references(). An exchange and not an
    // addition taken back: a count of one must not even seem to be two, for a pin may be released
    // just then.
    std::uint64_t word = word_.load(sync::acquire);
    while (references(word) != 1) {
      if (word_.compare_exchange(word, word + 1, sync::acquire)) return true;
    }
    return false;
  }

  /// One reference fewer. True: nothing keeps the frame any more, and it is the caller's to give
  /// back; a frame that is still pinned is given back by its last unpin(), and one that is on its
  /// way by who sent it there.
  [[nodiscard]] bool drop() noexcept {
    // Alone, unpinned and without a backing, only the caller can change the word: no locked
    // operation is needed.
    if (word_.load(sync::acquire) == 1) {
      word_.store(0, sync::relaxed);
      return true;
    }
    return is_last(word_.fetch_sub(1, sync::acq_rel) - 1);
  }

  /// A free frame gets its first reference. Caller: whoever took it from the free list.
  void own() noexcept { word_.store(1, sync::relaxed); }

  // With a backing ------------------------------------------------------------------------------
  // Each change is one exchange, release for who finds its outcome, acquire for what it found.

  /// The same as own(), of a frame whose bytes are in memory. Referenced: it was just wanted.
  void own_backed() noexcept {
    word_.store(1 | bits(Residency::resident) | kReferenced, sync::relaxed);
  }
  /// The same, of a frame whose bytes are in the backing alone.
  void own_away() noexcept { word_.store(1 | bits(Residency::away), sync::relaxed); }
  /// A frame that is free. Caller: who gives it back.
  void clear() noexcept { word_.store(0, sync::relaxed); }

  [[nodiscard]] Residency residency() const noexcept {
    return residency(word_.load(sync::acquire));
  }

  /// Before the bytes are touched, inside a section or under the space's lock: where they are in
  /// memory, they stay there until the section ends or the lock is free. False: they are not.
  [[nodiscard]] bool reach() noexcept { return meet(met_by); }
  /// The same for who is going to write: the backing's copy, if any, is no longer the same.
  [[nodiscard]] bool reach_for_writing() noexcept { return meet(met_by_writer); }

  /// One wiring more, by a thread that keeps the frame from being given back meanwhile. The bytes
  /// stay in memory if they are there (`*here`), or else once they are. False: too many, or the
  /// frame has none of its own: it is merged.
  [[nodiscard]] bool wire(bool* here) noexcept {
    std::uint64_t word = word_.load(sync::acquire);
    do {
      if (wires(word) == kMostWires || residency(word) == Residency::merged) return false;
      *here = is_here(word);
    } while (!word_.compare_exchange(word, met_by(word) + kWire, sync::acq_rel));
    return true;
  }
  /// The same of a frame that the caller does not keep, if it is away. False: it is not, or free.
  [[nodiscard]] bool wire_if_away() noexcept {
    std::uint64_t word = word_.load(sync::acquire);
    do {
      if (residency(word) != Residency::away || references(word) == 0) return false;
      if (wires(word) == kMostWires) return false;
    } while (!word_.compare_exchange(word, word + kWire, sync::acq_rel));
    return true;
  }
  /// The same of a frame that the caller does not keep, if it is in memory, and what the backing
  /// has of it counts for nothing from now on. False: it is not, or free.
  [[nodiscard]] bool wire_without_copy() noexcept {
    std::uint64_t word = word_.load(sync::acquire);
    do {
      if (!is_whole(word) || (word & kKept) == 0 || wires(word) == kMostWires) return false;
    } while (!word_.compare_exchange(word, with(word, Residency::resident) + kWire, sync::acq_rel));
    return true;
  }
  /// One wiring fewer. True: the frame is the caller's to give back.
  [[nodiscard]] bool unwire() noexcept {
    const std::uint64_t word = word_.fetch_sub(kWire, sync::acq_rel);
    CLEAVE_CHECK(wires(word) != 0, "a wiring was released that was never counted");
    return is_last(word - kWire);
  }

  /// Whether a thread has met it since the hand of the clock came by last, at one moment.
  [[nodiscard]] bool is_marked() const noexcept {
    return (word_.load(sync::relaxed) & kReferenced) != 0;
  }
  /// The hand of the clock comes by. What was met since is left for the next time, without its
  /// mark; what is pinned or wired never goes.
  enum class Frozen : std::uint8_t { kept, not_now, met, dirty, clean };
  [[nodiscard]] Frozen freeze() noexcept { return freeze(true); }
  /// The same, whenever it was met.
  [[nodiscard]] Frozen freeze_at_once() noexcept { return freeze(false); }

  enum class Left : std::uint8_t { away, stays, free };
  /// The end of what freeze() began: the frame goes, if `goes` and no thread has met it meanwhile.
  /// Free: nor does any thread keep it, and it is the caller's to give back.
  [[nodiscard]] Left end_leaving(bool goes) noexcept {
    std::uint64_t word = word_.load(sync::acquire);
    for (;;) {
      const bool stopped = residency(word) == Residency::stopped;
      const bool stays = (stopped && sync::performs("going.stopped")) || !goes;
      const std::uint64_t next = with(word, stays ? Residency::resident : Residency::away);
      if (!word_.compare_exchange(word, next, sync::acq_rel)) continue;
      if (is_last(next)) return Left::free;
      return stays ? Left::stays : Left::away;
    }
  }

  // Merging, by the thread that has the clock (frames/away/merger.h).

  /// One reference more to a frame that the caller does not keep, in memory and unpinned: its bytes
  /// are to be another's too. False: it is not, or free, or has as many as can be counted.
  [[nodiscard]] bool keep() noexcept {
    std::uint64_t word = word_.load(sync::acquire);
    do {
      if (has_pins(word) && sync::performs("merge.pinned")) return false;
      if (!is_whole(word) || references(word) == 0) return false;
      if (references(word) >= kMostReferences) return false;
    } while (!word_.compare_exchange(word, word + (sync::performs("merge.keep") ? 1 : 0),
                                     sync::acq_rel));
    return true;
  }
  /// What freeze() began ends so: the frame is merged, if no thread has met it meanwhile. False:
  /// one has, or nothing names it any more, and end_leaving() is to follow.
  [[nodiscard]] bool merge() noexcept {
    std::uint64_t word = word_.load(sync::acquire);
    for (;;) {
      const bool met = residency(word) != Residency::leaving;
      if ((met && sync::performs("merge.stopped")) || references(word) == 0) return false;
      const std::uint64_t next = with(word, Residency::merged) + 1;
      if (word_.compare_exchange(word, next, sync::acq_rel)) return true;
    }
  }
  [[nodiscard]] bool is_merged() const noexcept { return residency() == Residency::merged; }
  /// Whether keep() might succeed, at one moment.
  [[nodiscard]] bool may_merge() const noexcept {
    const std::uint64_t word = word_.load(sync::acquire);
    return is_whole(word) && references(word) != 0 && !has_pins(word);
  }

  /// Of a frame that the caller wires: true: it is for the caller to bring its bytes.
  [[nodiscard]] bool begin_coming() noexcept {
    std::uint64_t word = word_.load(sync::acquire);
    while (residency(word) == Residency::away) {
      if (word_.compare_exchange(word, with(word, Residency::coming), sync::acq_rel)) return true;
    }
    return false;
  }
  /// Its end: the bytes are there, or could not be had.
  void end_coming(bool here) noexcept {
    std::uint64_t word = word_.load(sync::relaxed);
    while (!word_.compare_exchange(word, with(word, here ? Residency::clean : Residency::away),
                                   sync::acq_rel)) {
    }
    word_.notify_all();  // pairs with sleep_while_coming()
  }
  /// Returns once the frame is not coming any more, and perhaps sooner.
  void sleep_while_coming() const noexcept {
    const std::uint64_t word = word_.load(sync::acquire);
    if (residency(word) == Residency::coming) word_.sleep_while(word);
  }
  /// Whether the bytes are in memory, and something keeps them, at one moment.
  [[nodiscard]] bool is_settled() const noexcept {
    const std::uint64_t word = word_.load(sync::acquire);
    return is_here(word) && (word & kKept) != 0;
  }
  /// Whether the bytes are in memory, at one moment.
  [[nodiscard]] bool is_here() const noexcept { return is_here(word_.load(sync::acquire)); }

  [[nodiscard]] static constexpr bool is_here(std::uint64_t word) {
    return residency(word) < Residency::away;
  }

 private:
  static constexpr std::uint64_t kWire = std::uint64_t{1} << 52;
  static constexpr std::uint64_t kKept = (std::uint64_t{1} << 60) - 1;  // by whom, of all three
  static constexpr std::uint64_t kReferenced = std::uint64_t{1} << 63;

  static constexpr std::uint64_t unit(PinAccess access) {
    return std::uint64_t{1} << (access == PinAccess::read ? 28 : 40);
  }
  static constexpr std::uint64_t bits(Residency residency) {
    return static_cast<std::uint64_t>(residency) << 60;
  }
  static constexpr std::uint64_t with(std::uint64_t word, Residency residency) {
    return (word & ~bits(Residency{7})) | bits(residency);
  }
  /// Of a frame that is taken: its pool has a backing.
  static constexpr bool is_backed(std::uint64_t word) { return word >> 52 != 0; }
  /// In memory, and not on its way.
  static constexpr bool is_whole(std::uint64_t word) {
    return residency(word) == Residency::resident || residency(word) == Residency::clean;
  }
  static constexpr bool has_pins(std::uint64_t word) {
    return (word >> 28 & ((1u << 24) - 1)) != 0;
  }

  /// What a word becomes when a thread that needs the bytes comes by: what was about to go stays.
  static std::uint64_t met_by(std::uint64_t word) {
    switch (residency(word)) {
      case Residency::resident:
      case Residency::clean:
      case Residency::stopped:
        return marked(word);
      case Residency::leaving:
        return sync::performs("going.stop") ? with(word, Residency::stopped) | kReferenced : word;
      default:
        return word;
    }
  }
  static std::uint64_t met_by_writer(std::uint64_t word) {
    return residency(word) == Residency::clean ? marked(with(word, Residency::resident))
                                               : met_by(word);
  }
  /// While it is wired, it does not go; and who had it brought meets it then. That one time says
  /// nothing of whether it will be met again.
  static constexpr std::uint64_t marked(std::uint64_t word) {
    return wires(word) != 0 ? word : word | kReferenced;
  }
  template <class Met>
  [[nodiscard]] bool meet(Met met) noexcept {
    std::uint64_t word = word_.load(sync::acquire);
    for (;;) {
      if (!is_here(word)) return false;
      const std::uint64_t next = met(word);
      if (next == word || word_.compare_exchange(word, next, sync::acq_rel)) return true;
    }
  }

  [[nodiscard]] Frozen freeze(bool if_not_wanted) noexcept {
    std::uint64_t word = word_.load(sync::acquire);
    for (;;) {
      if ((has_pins(word) || wires(word) != 0) && sync::performs("going.pinned"))
        return Frozen::kept;
      const bool was_clean = residency(word) == Residency::clean;
      if (references(word) == 0 || (!was_clean && residency(word) != Residency::resident))
        return Frozen::not_now;
      const bool wanted = if_not_wanted && (word & kReferenced) != 0;
      const std::uint64_t next = wanted ? word & ~kReferenced : with(word, Residency::leaving);
      if (!word_.compare_exchange(word, next, sync::acq_rel)) continue;
      if (wanted) return Frozen::met;
      return was_clean ? Frozen::clean : Frozen::dirty;
    }
  }

  /// Whether `word` is of a frame that nothing keeps, and no thread has on its way.
  static constexpr bool is_last(std::uint64_t word) {
    const Residency where = residency(word);
    if (where == Residency::merged) return (word & kKept) == 1;  // which is of no entry
    return (word & kKept) == 0 && where != Residency::leaving && where != Residency::stopped;
  }

  sync::atomic<std::uint64_t> word_{0};
};

static_assert(sync::kExplored || sizeof(FrameState) == 8);

}  // namespace cleave::detail
