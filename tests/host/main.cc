// A program with threads forks, in the middle of everything. Each child makes every call on every
// handle, makes a pool, a space and an arena of its own, and exits, which ends what is static.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>

#include "tests/host/child.h"
#include "tests/host/crowd.h"
#include "tests/host/in_a_child.h"
#include "tests/host/steps.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

// Static, as the field has them.
Handles& handles(Tracking tracking) {
  static Handles all(tracking);
  return all;
}

bool one_fork(Tracking tracking) {
  return child_ends_well([tracking] {
    return every_call_refuses(handles(tracking)) && has_its_own(tracking) ? 0 : 1;
  });
}

bool at_each_step(Tracking tracking, std::uint64_t stops) {
  for (const Operation& operation : operations()) {
    std::uint64_t forks = 0;
    const bool good = at_each_step_of([&] { operation.run(handles(tracking)); }, stops,
                                      [&] {
                                        ++forks;
                                        return one_fork(tracking);
                                      });
    std::printf("%s: %llu forks\n", operation.name, static_cast<unsigned long long>(forks));
    if (!good) return false;
  }
  return true;
}

bool in_a_crowd(Tracking tracking, std::uint64_t forks) {
  const Crowd crowd(handles(tracking), 4);
  for (std::uint64_t i = 0; i < forks; ++i) {
    if (!one_fork(tracking)) return false;
  }
  std::printf("at any moment of five threads: %llu forks\n",
              static_cast<unsigned long long>(forks));
  return true;
}

}  // namespace
}  // namespace cleave::detail

// NOLINTNEXTLINE(bugprone-exception-escape): what escapes ends the test, as a failure.
int main(int argc, char** argv) {
  using namespace cleave;
  std::string tracking = "software";
  std::uint64_t stops = 0;
  std::uint64_t forks = 0;
  CLI::App app("Forks a program with threads, and has each child do all that a child can.");
  app.add_option("--tracking", tracking, "How the arena finds what has changed");
  app.add_option("--stops", stops, "At how many instructions of each operation to fork");
  app.add_option("--forks", forks, "How often to fork beside threads that nobody stops");
  CLI11_PARSE(app, argc, argv);

  const auto named = tracking_named(tracking);
  if (!named) return 2;
  if (auto works = try_tracking(*named); !works) {
    std::printf("skipped: %s\n", works.error().message().c_str());
    return 77;
  }
  if (detail::kSanitized) {
    std::puts("skipped: after a fork among threads, a sanitizer waits for locks of its own");
    return 77;
  }
  const auto start = std::chrono::steady_clock::now();
  bool good = true;
  if (stops != 0 && detail::can_stop_between_instructions()) {
    good = detail::at_each_step(*named, stops);
  }
  good = good && detail::in_a_crowd(*named, forks);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%s, %s, in %.1f s\n", tracking.c_str(), good ? "every child ended well" : "FAILED",
              took.count());
  return good ? 0 : 1;
}
