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

/// How many are under way, in the lower half, and of which process: a child of fork(2) has none of
/// its parent's. Entered and left by any thread: seq_cst, as is the flag, so that either the end
/// sees who has entered, or who enters sees the end.
sync::atomic<std::uint64_t> requests{0};
sync::atomic<bool> process_ends{false};

std::uint64_t none_of_this_process() noexcept {
  return std::uint64_t{static_cast<std::uint32_t>(getpid())} << 32;
}

// What stands there, as this process has it.
std::uint64_t as_here(std::uint64_t seen) noexcept {
  const std::uint64_t none = none_of_this_process();
  return seen >> 32 == none >> 32 ? seen : none;
}

void end() noexcept {
  process_ends.store(true, sync::seq_cst);
  const Clock::time_point latest = Clock::now() + kMostForTheEnd;
  while (as_here(requests.load(sync::seq_cst)) != none_of_this_process() && Clock::now() < latest) {
    const timespec moment{0, 1'000'000};
    (void)nanosleep(&moment, nullptr);
  }
}

}  // namespace

bool UnderWay::enter() noexcept {
  std::uint64_t seen = requests.load(sync::relaxed);
  while (!requests.compare_exchange(seen, as_here(seen) + 1, sync::seq_cst)) {
  }
  if (!is_ending()) return true;
  leave();
  return false;
}

void UnderWay::leave() noexcept { requests.sub(1, sync::seq_cst); }

bool UnderWay::is_ending() noexcept { return process_ends.load(sync::seq_cst); }

void UnderWay::watch_the_end() noexcept { (void)std::atexit(end); }

}  // namespace cleave::detail::s3
