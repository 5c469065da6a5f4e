// A thread that stores to a space without pause.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include <cleave/accessor.h>
#include <cleave/must.h>
#include <cleave/space.h>

#include "bench/harness/benchmark.h"
#include "measure/clock.h"
#include "measure/system.h"

namespace cleave::bench {

/// Stores 8 bytes to each of 64 pages from `base` on, again and again, through an accessor of its
/// own.
class Writer {
 public:
  static constexpr std::uint64_t kPages = 64;
  enum class Watch { nothing, latency };

  /// Runs on `processor` alone, so that it does run while its maker does something on another one.
  Writer(Space& space, Address base, unsigned processor, Watch watch = Watch::nothing)
      : thread_([=, this, &space](const std::stop_token& stop) {
          const measure::OnProcessor here(processor);
          Accessor accessor = must(space.accessor());
          if (watch == Watch::latency) {
            write<Watch::latency>(stop, accessor, base);
          } else {
            write<Watch::nothing>(stop, accessor, base);
          }
        }) {
    wait_for_store();
  }

  /// How many until now.
  [[nodiscard]] std::uint64_t stores() const { return stores_.load(std::memory_order_relaxed); }

  /// Returns when a store has begun and ended since the call.
  void wait_for_store() const {
    for (const std::uint64_t now = stores(); stores() < now + 2;) {
    }
  }

  /// Ends the thread. How long single stores took: one in 17, so that all of the 64 pages have a
  /// turn.
  const Samples& stop() {
    thread_.request_stop();
    thread_.join();
    return latency_;
  }

 private:
  template <Watch watch>
  void write(const std::stop_token& stop, Accessor& accessor, Address base) {
    constexpr std::uint64_t kOneIn = 17;
    std::uint64_t stored = 0;
    std::uint64_t until_watched = kOneIn;
    while (!stop.stop_requested()) {
      for (std::uint64_t page = 0; page < kPages; ++page) {
        const auto store = [&] { must(accessor.store(base + page * kPageSize, ++stored)); };
        if (watch == Watch::latency && --until_watched == 0) {
          until_watched = kOneIn;
          latency_.add(measure::nanoseconds_for(store));
        } else {
          store();
        }
        stores_.store(stored, std::memory_order_relaxed);
      }
    }
  }

  std::atomic<std::uint64_t> stores_{0};
  Samples latency_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace cleave::bench
