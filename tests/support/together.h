// Threads that start at one moment and are joined at the end of a scope.
#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

namespace cleave::detail {

/// Runs `body(i)` in `count` threads; all wait until the last is there. Returns when all have
/// ended.
inline void together(unsigned count, const std::function<void(unsigned)>& body) {
  std::atomic<unsigned> missing{count};
  std::vector<std::thread> threads;
  threads.reserve(count);
  for (unsigned i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      missing.fetch_sub(1);
      while (missing.load() != 0) std::this_thread::yield();
      body(i);
    });
  }
  for (auto& thread : threads) thread.join();
}

/// A thread that works until it is told to stop, at the latest when the scope ends.
class Meanwhile {
 public:
  /// `body` is called again and again; once at least.
  explicit Meanwhile(std::function<void()> body)
      : Meanwhile([] { return 0; }, [body = std::move(body)](int) { body(); }) {}

  /// `make` runs first, in the thread; what it makes is handed to every call of `body`, and ends
  /// there.
  template <class Make, class Body>
  Meanwhile(Make make, Body body)
      : thread_([this, make = std::move(make), body = std::move(body)]() mutable {
          auto own = make();
          do {
            body(own);
            rounds_.fetch_add(1, std::memory_order_relaxed);
          } while (!stop_.load(std::memory_order_relaxed));
        }) {}
  ~Meanwhile() { stop(); }
  Meanwhile(const Meanwhile&) = delete;
  Meanwhile& operator=(const Meanwhile&) = delete;

  void stop() {
    stop_.store(true);
    if (thread_.joinable()) thread_.join();
  }
  /// Returns when `body` has run `count` times more.
  void wait_for_rounds(unsigned long count) const {
    const unsigned long target = rounds_.load() + count;
    while (rounds_.load() < target) std::this_thread::yield();
  }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<unsigned long> rounds_{0};
  std::thread thread_;
};

}  // namespace cleave::detail
