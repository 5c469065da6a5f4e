// How many free slots a pool is to have, and the thread that sees to it.
//
//     the thread                          a taker of a slot
//     note the bell                       take
//     look at what is left                fewer left than `low`: ring the bell
//     sleep while the bell is as noted
//
// Whoever takes a slot after the thread looked rings after it noted the bell, and so wakes it.
#pragma once

#include <cstdint>

#include <cleave/detail/atomic.h>

#include "frames/slots/slots.h"

namespace cleave::detail {

class Watermarks {
 public:
  /// By the one thread that sees to them: from now on takers tell it. False: another does already.
  [[nodiscard]] bool begin(std::uint64_t low) noexcept {
    bool idle = false;
    if (!busy_.compare_exchange(idle, true, sync::acq_rel)) return false;
    stopped_.store(false, sync::relaxed);
    low_.store(low, sync::relaxed);
    return true;
  }
  void end() noexcept {
    low_.store(0, sync::relaxed);
    busy_.store(false, sync::release);
  }
  /// Has wait() come to an end. Any thread, once begin() is done.
  void stop() noexcept {
    stopped_.store(true, sync::relaxed);
    ring();
  }
  [[nodiscard]] bool is_stopped() const noexcept { return stopped_.load(sync::relaxed); }

  /// Returns once fewer than `low` slots are left. `in_vain`: nothing could go the last time; then
  /// it waits for one taker more, so that a backing is not asked without end. False: stop() was
  /// called.
  [[nodiscard]] bool wait(const Slots& slots, bool in_vain) const noexcept {
    for (;; in_vain = false) {
      const std::uint32_t seen = bell_.load(sync::acquire);
      if (is_stopped()) return false;
      if (!in_vain && slots.left() < low_.load(sync::relaxed)) return true;
      bell_.sleep_while(seen);
    }
  }

  /// By who has taken a slot. Nothing but a load where no thread waits, or enough is left.
  void taken(const Slots& slots) noexcept {
    const std::uint64_t low = low_.load(sync::relaxed);
    if (slots.left() < low && sync::performs("reclaim.ring")) ring();
  }

 private:
  // release: who hears it finds the slot taken, or that we are to stop.
  void ring() noexcept {
    bell_.add(1, sync::release);
    bell_.notify_all();
  }

  sync::atomic<bool> busy_{false};
  /// 0: no thread sees to it.
  sync::atomic<std::uint64_t> low_{0};
  sync::atomic<bool> stopped_{false};
  sync::atomic<std::uint32_t> bell_{0};
};

}  // namespace cleave::detail
