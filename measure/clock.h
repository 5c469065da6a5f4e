// Time, and keeping the compiler from measuring nothing.
#pragma once

#include <chrono>
#include <ctime>
#include <utility>

namespace cleave::measure {

using Clock = std::chrono::steady_clock;

inline double nanoseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

/// Runs from its construction on.
class Stopwatch {
 public:
  [[nodiscard]] double ns() const { return nanoseconds_since(start_); }

 private:
  Clock::time_point start_ = Clock::now();
};

/// How long `work` takes. Reading the clock twice is in the figure: some 40 ns.
template <class Work>
double nanoseconds_for(Work&& work) {
  const auto start = Clock::now();
  std::forward<Work>(work)();
  return nanoseconds_since(start);
}

/// The same, in time that the calling thread had a processor: for longer work on a machine that
/// others use too. What the kernel does on the thread's behalf counts.
template <class Work>
double processor_nanoseconds_for(Work&& work) {
  const auto now = [] {
    timespec time;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
  };
  const double start = now();
  std::forward<Work>(work)();
  return now() - start;
}

/// The compiler must have `value` at hand here, and must suppose that memory is looked at and
/// changed.
template <class T>
void keep(T&& value) {
  asm volatile("" : : "g"(value) : "memory");
}

}  // namespace cleave::measure
