// A program with threads forks, in the middle of everything. Each child makes every call on every
// handle, makes a pool, a space and an arena of its own, and exits, which ends what is static.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "tests/host/crowd.h"
#include "tests/host/in_a_child.h"
#include "tests/host/steps.h"
#include "tests/support/child.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

// Static, as the field has them.
Handles& handles(const ArenaOptions& options) {
  static Handles all(options);
  return all;
}

bool one_fork(const ArenaOptions& options) {
  const auto well = is_well(exiting_child(
      [&] { return every_call_refuses(handles(options)) && has_its_own(options) ? 0 : 1; }));
  if (!well) (void)std::fprintf(stderr, "a child: %s\n", well.message());
  return static_cast<bool>(well);
}

/// Which operations are stopped: where every tracking has its turn, the others need only one.
enum class Which { all, by_tracking, others };

bool is_among(const Operation& operation, Which which) {
  return which == Which::all || operation.by_tracking == (which == Which::by_tracking);
}

bool at_each_step(const ArenaOptions& options, Which which, std::uint64_t stops) {
  for (const Operation& operation : operations()) {
    if (operation.starts_a_thread || !is_among(operation, which)) continue;
    std::uint64_t forks = 0;
    const bool good = at_each_step_of([&] { operation.run(handles(options)); }, stops,
                                      [&] {
                                        ++forks;
                                        return one_fork(options);
                                      });
    std::printf("%s: %llu forks\n", operation.name, static_cast<unsigned long long>(forks));
    if (!good) return false;
  }
  return true;
}

bool in_a_crowd(const ArenaOptions& options, std::uint64_t forks) {
  const Crowd crowd(handles(options), 4);
  for (std::uint64_t i = 0; i < forks; ++i) {
    if (!one_fork(options)) return false;
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
  detail::Which which = detail::Which::all;
  bool adaptive = false;
  bool watched = false;
  CLI::App app("Forks a program with threads, and has each child do all that a child can.");
  app.add_option("--tracking", tracking, "How the arena finds what has changed");
  app.add_flag("--adaptive", adaptive, "No system call writes into the arena");
  app.add_flag("--watched", watched, "Whoever writes during a commit is caught");
  app.add_option("--stops", stops, "At how many instructions of each operation to fork");
  const std::map<std::string, detail::Which> kinds{{"all", detail::Which::all},
                                                   {"by-tracking", detail::Which::by_tracking},
                                                   {"others", detail::Which::others}};
  app.add_option("--operations", which, "Which operations: all, by-tracking, others")
      ->transform(CLI::CheckedTransformer(kinds));
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
  const ArenaOptions options{
      .tracking = *named, .system_calls_write = !adaptive, .catch_writers = watched};
  const auto start = std::chrono::steady_clock::now();
  bool good = true;
  if (stops != 0 && detail::can_stop_between_instructions()) {
    good = detail::at_each_step(options, which, stops);
  }
  good = good && detail::in_a_crowd(options, forks);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%s%s%s, %s, in %.1f s\n", tracking.c_str(), adaptive ? ", adaptive" : "",
              watched ? ", watched" : "", good ? "every child ended well" : "FAILED", took.count());
  return good ? 0 : 1;
}
