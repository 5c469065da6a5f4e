// Waiting names what it waits for, so that an explorer can disable the waiter instead of spinning
// it.
#pragma once

#include <chrono>
#include <cstdint>

#include <cleave/detail/atomic.h>

namespace cleave::detail::sync {

/// Gives the processor to whoever we wait for: a few pauses first, then the scheduler's turn.
void relax(unsigned round) noexcept;

/// Returns the first value of `location` (read with seq_cst: waiters are one side of Dekker's
/// pattern) for which `done(value)` holds.
template <class T, class Done>
T wait_until(const atomic<T>& location, Done done, const char* name, Line where = Line()) {
  if (!performs(name)) return location.peek();
  if (const Answer a = location.wait(done, seq_cst, name, where); a.given)
    return atomic<T>::value_of(a.bits);
  for (unsigned round = 0;; ++round) {
    const T value = location.load(seq_cst);
    if (done(value)) return value;
    relax(round);
  }
}

/// Sleeps, if `word` is `seen` now, until wake_all(), for `most` at most, and perhaps for shorter:
/// who asks looks again. For what may never come. Keeps errno. Safe in a signal handler, as is the
/// next.
void sleep_while(const atomic<std::uint32_t>& word, std::uint32_t seen,
                 std::chrono::nanoseconds most) noexcept;
/// Wakes all that sleep on it. Called after the word was written.
void wake_all(const atomic<std::uint32_t>& word) noexcept;

}  // namespace cleave::detail::sync
