// Many threads at a shared set of spaces, for a while. What is right at the end of each step is
// known exactly, although no thread stands still: see board.h.
#include <chrono>
#include <cstdio>
#include <random>

#include <CLI/CLI.hpp>

#include "tests/stress/board.h"

// NOLINTNEXTLINE(bugprone-exception-escape): what escapes ends the test, as a failure.
int main(int argc, char** argv) {
  double seconds = 5;
  unsigned threads = 8;
  std::uint64_t seed = std::random_device{}();
  CLI::App app("Lets many threads at a few spaces and checks every byte that they see.");
  app.add_option("--seconds", seconds, "How long, in all");
  app.add_option("--threads", threads, "How many threads")->check(CLI::Range(1, 64));
  app.add_option("--seed", seed, "What the threads do follows from it; not in which order");
  CLI11_PARSE(app, argc, argv);

  std::printf("cleave_stress --seconds %g --threads %u --seed %llu\n", seconds, threads,
              static_cast<unsigned long long>(seed));
  const auto part = std::chrono::duration<double>(seconds / 4);
  bool good = cleave::detail::stress("plenty of memory",
                                     {.threads = threads, .seed = seed, .frames = 1 << 15}, part);
  good = cleave::detail::stress("a pool that is too small",
                                {.threads = threads, .seed = seed + 1, .frames = 24 + 8 * threads},
                                part) &&
         good;
  good =
      cleave::detail::stress(
          "a pool of little memory, with a backing",
          {.threads = threads, .seed = seed + 2, .frames = 24 + threads, .away = 1 << 15}, part) &&
      good;
  good = cleave::detail::stress("a pool of little memory, with a backing that is too small",
                                {.threads = threads,
                                 .seed = seed + 3,
                                 .frames = 16 + 2 * threads,
                                 .away = 8 + 6 * threads},
                                part) &&
         good;
  std::puts(good ? "all that was seen was right" : "FAILED");
  return good ? 0 : 1;
}
