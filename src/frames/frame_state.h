// The state of a frame: one 64-bit word, changed only by atomic operations.
//
//     bits  0..31  references: entries of table nodes that name the frame
//     bits 32..46  read pins: exact, refused when full, never wrapped
//     bits 47..61  write pins, likewise
//
// A pin is not a reference: ownership asks for references alone. But they share a word, so "one
// reference, and one pin more" is a single exchange, and the frame is free exactly when the whole
// word is zero. How often a frame is *mapped* is not recorded: nothing in the engine asks.
#pragma once

#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/pin.h>

#include "base/check.h"

#ifndef CLEAVE_MOST_REFERENCES
#define CLEAVE_MOST_REFERENCES (std::uint64_t{1} << 31)
#endif

namespace cleave::detail {

class FrameState {
 public:
  /// Above this a frame is not shared further, and the copy that wanted to share it fails. Half of
  /// the field is left free, because threads look before they add: each may overshoot by one, and
  /// there are fewer than 2^31 threads.
  static constexpr std::uint64_t kMostReferences = CLEAVE_MOST_REFERENCES;

  static constexpr std::uint64_t kMostPins = (1u << 15) - 1;  // of each kind

  [[nodiscard]] static constexpr std::uint64_t references(std::uint64_t word) {
    return word & 0xffff'ffffu;
  }
  [[nodiscard]] static constexpr std::uint64_t pins(std::uint64_t word, PinAccess access) {
    return (word >> (access == PinAccess::read ? 32 : 47)) & kMostPins;
  }

  /// Pins of one kind, or of both. acquire: who finds none has seen what was done through the last
  /// one.
  [[nodiscard]] std::uint64_t pins(PinAccess access) const noexcept {
    return pins(word_.load(sync::acquire), access);
  }
  [[nodiscard]] bool is_pinned() const noexcept { return word_.load(sync::acquire) >> 32 != 0; }

  enum class PinResult : std::uint8_t { pinned, not_owned, too_many };
  /// One pin more, if the frame has one reference now. The caller has found all nodes on the path
  /// owned, in the same section or under the same lock; this is the last step of that walk, and the
  /// only one that a copy by another thread of the space could still overtake.
  [[nodiscard]] PinResult pin(PinAccess access) noexcept {
    std::uint64_t word = word_.load(sync::relaxed);
    for (;;) {
      if (references(word) != 1 && sync::performs("pin.look_again")) return PinResult::not_owned;
      if (pins(word, access) == kMostPins) return PinResult::too_many;
      // acquire: an ownership found, as in references(). Nothing is published by a pin.
      if (word_.compare_exchange(word, word + unit(access), sync::acquire))
        return PinResult::pinned;
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
    return word == unit(access);
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
    CLEAVE_CHECK(word >> 32 == 0, "a pinned frame was about to be shared");
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

  /// One reference fewer. True: neither reference nor pin is left, and the frame is the caller's to
  /// give back; a frame that is still pinned is given back by its last unpin().
  [[nodiscard]] bool drop() noexcept {
    // Alone and unpinned, only the caller can change the word: no locked operation is needed.
    if (word_.load(sync::acquire) == 1) {
      word_.store(0, sync::relaxed);
      return true;
    }
    return word_.fetch_sub(1, sync::acq_rel) == 1;
  }

  /// A free frame gets its first reference. Caller: whoever took it from the free list.
  void own() noexcept { word_.store(1, sync::relaxed); }

 private:
  static constexpr std::uint64_t unit(PinAccess access) {
    return std::uint64_t{1} << (access == PinAccess::read ? 32 : 47);
  }

  sync::atomic<std::uint64_t> word_{0};
};

static_assert(sync::kExplored || sizeof(FrameState) == 8);

}  // namespace cleave::detail
