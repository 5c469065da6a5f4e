// A slot for one watcher of faults, which signal handlers read while it is written.
#pragma once

#include <cstdint>

#include <cleave/detail/atomic.h>

#include "sync/wait.h"

namespace cleave::detail {

class FaultWatcher;

/// Who is asked about faults, and about which.
struct Watch {
  FaultWatcher* watcher = nullptr;
  std::uintptr_t first = 0;
  std::uintptr_t end = 0;
  int signal = 0;
};

/// A sequence lock. Written with the lock of the watches held; read in signal handlers, which
/// must not take half of an old range for half of a new one. The version is odd while a write
/// lasts. Writer: version (relaxed), fields (release), version (release). Reader: version
/// (acquire), fields (acquire), version (relaxed): a handler that reads a field of a write finds
/// a version that is no older.
class WatchSlot {
 public:
  void write(const Watch& watch) noexcept {
    const std::uint32_t before = version_.load(sync::relaxed);
    version_.store(before + 1, sync::relaxed);
    watcher_.store(watch.watcher, sync::seq_cst);
    first_.store(watch.first, sync::release);
    end_.store(watch.end, sync::release);
    signal_.store(watch.signal, sync::release);
    version_.store(before + 2, sync::release);
  }
  /// Precondition: no thread writes to it or visits it, or none that did lives.
  void clear() noexcept {
    watcher_.store(nullptr, sync::seq_cst);
    visitors_.store(0, sync::relaxed);
    version_.store(0, sync::release);
  }
  /// No watcher, while it is being written: then it is no range that the caller may be touching.
  [[nodiscard]] Watch read() const noexcept {
    const std::uint32_t before = version_.load(sync::acquire);
    const Watch watch{.watcher = watcher_.load(sync::seq_cst),
                      .first = first_.load(sync::acquire),
                      .end = end_.load(sync::acquire),
                      .signal = signal_.load(sync::acquire)};
    return before % 2 == 0 && version_.load(sync::relaxed) == before ? watch : Watch{};
  }
  /// Calls `look(const Watch&)`; the watcher lives as long as that takes.
  template <class Look>
  void visit(Look look) noexcept {
    visitors_.add(1, sync::seq_cst);
    look(read());
    visitors_.sub(1, sync::seq_cst);
  }
  /// After a write: until nobody has what was there before. Dekker's algorithm: a visitor counts
  /// itself and then reads the watcher; who has written another one then reads the count.
  void wait_for_visitors() const noexcept {
    (void)sync::wait_until(
        visitors_, [](std::uint32_t n) { return n == 0; }, "watch.visitors");
  }

 private:
  sync::atomic<std::uint32_t> visitors_{0};
  sync::atomic<std::uint32_t> version_{0};
  sync::atomic<FaultWatcher*> watcher_{nullptr};
  sync::atomic<std::uintptr_t> first_{0};
  sync::atomic<std::uintptr_t> end_{0};
  sync::atomic<int> signal_{0};
};

}  // namespace cleave::detail
