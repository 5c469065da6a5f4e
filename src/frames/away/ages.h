// How often the hand of the clock lets a page be, that was met and is met no more.
//
// A mark in the frame's word tells whether it was met since the hand came by last, and no more: one
// page in use all the time and one that was read once look alike. A page that is met round after
// round rises, and must be left alone for as many rounds before it goes; one that came and was met
// by who wanted it, and then no more, goes the first time. What that saves, and what it costs, has
// docs/decisions/0014-memory-that-is-away.md.
#pragma once

#include <cstdint>

#include <cleave/detail/atomic.h>

#include "frames/slots/reserved.h"
#include "frames/slots/slot.h"

namespace cleave::detail {

/// By slot. Who takes a slot begins, the thread that has the clock does the rest (relaxed: hints,
/// like the owner of a slot; what may go is decided by the frame's word).
class Ages {
 public:
  /// As high as a page rises. Explored programs are about what may go, not about what should.
  static constexpr std::uint8_t kHighest = sync::kExplored ? 0 : 3;
  /// Rounds of the hand in which each page that is not met comes to its turn.
  static constexpr std::uint64_t kRounds = 2 + kHighest;

  Ages() = default;
  Ages(const Ages&) = delete;
  Ages& operator=(const Ages&) = delete;
  ~Ages() { give_back_reserved(ages_, (slots_ + 1) * sizeof(*ages_)); }

  /// Before anything else. False, and errno: no memory.
  [[nodiscard]] bool reserve(std::uint64_t slots) noexcept {
    slots_ = slots;
    ages_ = static_cast<Age*>(reserve_zeroed((slots + 1) * sizeof(Age)));
    return ages_ != nullptr;
  }

  /// Another page's bytes are there from now on. `marked`: its frame is, though no thread has met
  /// it yet; that is not to count.
  void begin(Slot slot, bool marked) noexcept {
    if constexpr (kHighest != 0) ages_[raw(slot)].store(marked ? kMarked : 0, sync::relaxed);
  }
  /// The hand has found it met, and cleared the mark.
  void rise(Slot slot) noexcept {
    if constexpr (kHighest != 0) {
      const std::uint8_t age = ages_[raw(slot)].load(sync::relaxed);
      const std::uint8_t next = age == kMarked ? 0 : age < kHighest ? age + 1 : kHighest;
      ages_[raw(slot)].store(next, sync::relaxed);
    }
  }
  /// The hand has found it not met. True: it is its turn.
  [[nodiscard]] bool sink(Slot slot) noexcept {
    if constexpr (kHighest != 0) {
      const std::uint8_t age = ages_[raw(slot)].load(sync::relaxed);
      if (age == 0 || age == kMarked) return true;
      ages_[raw(slot)].store(age - 1, sync::relaxed);
      return false;
    }
    return true;
  }

 private:
  using Age = sync::atomic<std::uint8_t>;
  static constexpr std::uint8_t kMarked = 0xff;

  std::uint64_t slots_ = 0;
  Age* ages_ = nullptr;
};

}  // namespace cleave::detail
