// The state of a frame: one 64-bit word, changed only by atomic operations.
//
//     bits 0..31   references: entries of table nodes that name the frame
//     bits 32..63  kept for pins, counted apart; a pin is not a reference, and ownership does not ask
//
// How often a frame is *mapped* is not recorded: nothing in the engine asks.
#pragma once

#include <cstdint>

#include "cleave/sync/atomic.h"

#ifndef CLEAVE_MOST_REFERENCES
#define CLEAVE_MOST_REFERENCES (std::uint64_t{1} << 31)
#endif

namespace cleave {

class FrameState {
 public:
  /// Above this a frame is not shared further but copied. Half of the field is left free, because
  /// threads look before they add: each may overshoot by one, and there are fewer than 2^31 threads.
  static constexpr std::uint64_t kMostReferences = CLEAVE_MOST_REFERENCES;

  [[nodiscard]] static constexpr std::uint64_t references(std::uint64_t word) {
    return word & 0xffff'ffffu;
  }

  /// acquire: who finds a count of one has thereby seen everything that former owners did before
  /// they let go (the release half of drop()).
  [[nodiscard]] std::uint64_t references() const noexcept {
    return references(word_.load(sync::acquire));
  }

  /// One more reference, by a thread that holds one (through a node it may read), so the count
  /// cannot reach zero meanwhile. False: too many, the caller copies instead.
  [[nodiscard]] bool share() noexcept {
    if (references(word_.load(sync::relaxed)) >= kMostReferences) return false;
    word_.add(1, sync::relaxed);  // publishes nothing: the new entry does, when its node is linked
    return true;
  }

  /// One more reference, unless the caller's is the only one: then nothing changes. See Ownership for
  /// why a copy starts with this. On true the caller has one reference more to drop.
  [[nodiscard]] bool share_if_shared() noexcept {
    // acq_rel: a count of one is an ownership found, as in references().
    if (references(word_.fetch_add(1, sync::acq_rel)) != 1) return true;
    word_.sub(1, sync::relaxed);
    return false;
  }

  /// One reference fewer. True: that was the last one, and the frame is the caller's to give back.
  [[nodiscard]] bool drop() noexcept {
    // Alone, nobody can add a reference but the caller itself, so no locked operation is needed.
    if (word_.load(sync::acquire) == 1) {
      word_.store(0, sync::relaxed);
      return true;
    }
    return references(word_.fetch_sub(1, sync::acq_rel)) == 1;
  }

  /// A free frame gets its first reference. Caller: whoever took it from the free list.
  void own() noexcept { word_.store(1, sync::relaxed); }

 private:
  sync::atomic<std::uint64_t> word_{0};
};

static_assert(sync::kExplored || sizeof(FrameState) == 8);

}  // namespace cleave
