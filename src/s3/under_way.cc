#include "s3/under_way.h"

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
sync::atomic<std::uint64_t> requests{0};
sync::atomic<bool> process_ends{false};
/// A child of fork(2) has none of its parent's requests. Written before threads are (relaxed).
sync::atomic<pid_t> process_of_requests{0};

void end() noexcept {
  if (process_of_requests.load(sync::relaxed) != getpid()) return;
  process_ends.store(true, sync::seq_cst);
  const Clock::time_point latest = Clock::now() + kMostForTheEnd;
  while (requests.load(sync::seq_cst) != 0 && Clock::now() < latest) {
    const timespec moment{0, 1'000'000};
    (void)nanosleep(&moment, nullptr);
  }
}

// Of its one thread, before there are more.
void begin_anew_in_a_child() noexcept {
  const pid_t here = getpid();
  if (process_of_requests.load(sync::relaxed) == here) return;
  process_of_requests.store(here, sync::relaxed);
  requests.store(0, sync::relaxed);
}

}  // namespace

bool UnderWay::enter() noexcept {
  begin_anew_in_a_child();
  requests.add(1, sync::seq_cst);
  if (!is_ending()) return true;
  leave();
  return false;
}

void UnderWay::leave() noexcept { requests.sub(1, sync::seq_cst); }

bool UnderWay::is_ending() noexcept { return process_ends.load(sync::seq_cst); }

void UnderWay::watch_the_end() noexcept {
  process_of_requests.store(getpid(), sync::relaxed);
  (void)std::atexit(end);
}

}  // namespace cleave::detail::s3
