#include "s3/under_way.h"

#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>

namespace cleave::detail::s3 {
namespace {

using Clock = std::chrono::steady_clock;

// libcurl asks whether to go on once a second at least.
constexpr std::chrono::seconds kMostForTheEnd{5};

/// How many are under way. Entered and left by any thread: seq_cst, as is the flag, so that either
/// the end sees who has entered, or who enters sees the end.
sync::atomic<std::uint64_t> count{0};
sync::atomic<bool> ending{false};
/// A child of fork(2) has none of its parent's requests. Written before threads are (relaxed).
sync::atomic<pid_t> process{0};

void end() noexcept {
  if (process.load(sync::relaxed) != getpid()) return;
  ending.store(true, sync::seq_cst);
  const Clock::time_point latest = Clock::now() + kMostForTheEnd;
  while (count.load(sync::seq_cst) != 0 && Clock::now() < latest) {
    const timespec moment{0, 1'000'000};
    (void)nanosleep(&moment, nullptr);
  }
}

void begin_anew_in_a_child() noexcept {
  count.store(0, sync::relaxed);
  process.store(getpid(), sync::relaxed);
}

}  // namespace

bool UnderWay::enter() noexcept {
  count.add(1, sync::seq_cst);
  if (!is_ending()) return true;
  leave();
  return false;
}

void UnderWay::leave() noexcept { count.sub(1, sync::seq_cst); }

bool UnderWay::is_ending() noexcept { return ending.load(sync::seq_cst); }

void UnderWay::watch_the_end() noexcept {
  process.store(getpid(), sync::relaxed);
  (void)pthread_atfork(nullptr, nullptr, begin_anew_in_a_child);
  (void)std::atexit(end);
}

}  // namespace cleave::detail::s3
