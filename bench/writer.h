// A thread that stores to a space without pause.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "cleave/space/accessor.h"
#include "cleave/space/space.h"

namespace cleave::bench {

/// Stores 8 bytes to each of 64 pages from `base` on, again and again, through an accessor of its own.
class Writer {
 public:
  static constexpr std::uint64_t kPages = 64;

  Writer(Space& space, Address base)
      : thread_([this, &space, base](const std::stop_token& stop) { write(stop, space, base); }) {
    started_.wait(false);
  }

  [[nodiscard]] std::uint64_t stores() const { return stores_.load(std::memory_order_relaxed); }

 private:
  void write(const std::stop_token& stop, Space& space, Address base) {
    Accessor accessor = must(space.accessor());
    started_ = true;
    started_.notify_one();
    for (std::uint64_t stored = 0; !stop.stop_requested();) {
      for (std::uint64_t page = 0; page < kPages; ++page) {
        must(accessor.store(base + page * kPageSize, ++stored));
      }
      stores_.store(stored, std::memory_order_relaxed);
    }
  }

  std::atomic<bool> started_{false};
  std::atomic<std::uint64_t> stores_{0};
  std::jthread thread_;  // last: it uses the others
};

}  // namespace cleave::bench
