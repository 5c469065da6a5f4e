// Stretches of hard work on spaces, each of which looks for one kind of broken promise.
#pragma once

#include <sched.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include <cleave/accessor.h>
#include <cleave/space.h>

namespace cleave::weakened {

inline constexpr int kFound = 3;

inline constexpr ByteCount kSmallPool{std::uint64_t{4} << 20};
/// The page that matters, and what can be in one.
inline constexpr Address kPage{16 * kPageSize};
using Page = std::array<std::byte, kPageSize>;

/// Says which promise was broken, and ends the program.
[[noreturn]] inline void found(const char* what) {
  std::fprintf(stderr, "found: %s\n", what);
  _exit(kFound);
}

class Deadline {
 public:
  explicit Deadline(double seconds)
      : end_(std::chrono::steady_clock::now() +
             std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6))) {}
  [[nodiscard]] bool passed() const { return std::chrono::steady_clock::now() >= end_; }

 private:
  std::chrono::steady_clock::time_point end_;
};

/// Every store that follows waits for these: they go to lines that are far away, one after another. Loads do
/// not wait. Any program may do so; a thread's entry into a section is then long under way when it looks
/// at the stamp.
inline void store_far_away(unsigned lines) {
#if defined(__x86_64__)
  struct alignas(64) Line {
    volatile std::uint64_t word;
  };
  static thread_local Line there[64];
  for (unsigned i = 0; i < lines; ++i) {
    there[i % 64].word = i;
    __builtin_ia32_clflush(const_cast<std::uint64_t*>(&there[i % 64].word));
  }
#else
  (void)lines;
#endif
}

/// Passes about `rounds` nanoseconds.
inline void spin(unsigned rounds) {
  for (std::atomic<unsigned> i{0}; i.load(std::memory_order_relaxed) < rounds;) {
    i.store(i.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
}

/// Keeps the calling thread on the n-th processor that it may use: two threads race only where they run at once.
inline void stay_on_processor(int n) {
  static const cpu_set_t allowed = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    (void)sched_getaffinity(0, sizeof set, &set);
    return set;
  }();
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || n-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    (void)sched_setaffinity(0, sizeof one, &one);
    return;
  }
}

/// One thread that runs `body` until the scope ends.
class Beside {
 public:
  template <class Body>
  explicit Beside(Body body)
      : thread_([this, body]() mutable {
          stay_on_processor(1);
          body(stop_);
        }) {
    stay_on_processor(0);
  }
  ~Beside() {
    stop_ = true;
    thread_.join();
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

struct Scenario {
  const char* name;
  void (*run)(Deadline);
};

void forks_while_written(Deadline);
void forks_while_stores_take_long(Deadline);
void forks_while_written_for_long(Deadline);
void forks_as_a_writer_enters(Deadline);
void discards_while_read(Deadline);
void discards_while_much_is_read(Deadline);
void copies_while_read(Deadline);
void siblings_that_vanish(Deadline);
void pins_of_shared_pages(Deadline);
void forks_of_pinned_pages(Deadline);

}  // namespace cleave::weakened
