// Stretches of hard work on spaces, each of which looks for one kind of broken promise.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include <unistd.h>

#include "cleave/space/accessor.h"
#include "cleave/space/space.h"

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

/// One thread that runs `body` until the scope ends.
class Beside {
 public:
  template <class Body>
  explicit Beside(Body body) : thread_([this, body]() mutable { body(stop_); }) {}
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
void copies_while_read(Deadline);
void siblings_that_vanish(Deadline);
void pins_of_shared_pages(Deadline);
void forks_of_pinned_pages(Deadline);

}  // namespace cleave::weakened
