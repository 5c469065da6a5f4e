// How processes wait for each other: a futex in memory that they share.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace lab::kernel {

/// A word that processes wait for.
class WaitQueue {
 public:
  /// As long as any run lasts. The largest duration of all would overflow where it is compared.
  static constexpr std::chrono::milliseconds kForEver = std::chrono::hours(1000);

  /// Blocks until `ready` is true; who makes it so calls wake_all(). False: the time is over.
  template <typename Ready>
  bool wait(Ready ready, std::chrono::milliseconds time = kForEver) {
    const auto begin = std::chrono::steady_clock::now();
    for (;;) {
      const std::uint32_t seen = word_.load();
      if (ready()) return true;
      if (std::chrono::steady_clock::now() - begin >= time) return false;
      sleep(seen);
    }
  }
  void wake_all();

 private:
  void sleep(std::uint32_t seen);
  // Sequentially consistent: wait() reads it before `ready` looks, wake_all() raises it after the
  // change, so that a change that `ready` missed keeps the kernel from putting the process to
  // sleep.
  std::atomic<std::uint32_t> word_{0};
};

}  // namespace lab::kernel
