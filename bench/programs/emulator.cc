// Emulators that undo a frame, by examples/libretro, beside their own save state.
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/harness/peer.h"
#include "bench/programs/benchmarks.h"
#include "bench/programs/side.h"

namespace cleave::bench {
namespace {

constexpr const char* kEmulators = "programs/emulator";

constexpr std::array kPackages{"libretro-gambatte", "libretro-nestopia", "libretro-mgba",
                               "libretro-desmume"};

/// Microseconds, as the example answers.
struct Four {
  Samples undo, commit, save, load;
};

Four measure_core(Side& side, int runs) {
  Four all;
  for (int run = -1; run < runs; ++run) {  // the first does not count
    const auto commits = side.ask("commits", 2);
    const auto states = side.ask("states", 2);
    if (run < 0) continue;
    all.undo.add(commits[0] * 1e3);
    all.commit.add(commits[1] * 1e3);
    all.save.add(states[0] * 1e3);
    all.load.add(states[1] * 1e3);
  }
  return all;
}

std::vector<Row> rows_of(const std::string& core, const Four& figures) {
  Row undo{.name = fmt::format("{}/{}/undo", kEmulators, core),
           .unit = "ns",
           .ours = figures.undo,
           .baseline = "loading the core's own save state",
           .theirs = figures.load};
  undo.goals.push_back({"10 times", undo.ratio() >= 10});
  Row commit{.name = fmt::format("{}/{}/commit", kEmulators, core),
             .unit = "ns",
             .ours = figures.commit,
             .baseline = "saving the core's own save state",
             .theirs = figures.save};
  commit.goals.push_back({"below it", commit.ratio() > 1});
  return {undo, commit};
}

// CLEAVE_CORES: where they lie, unless Debian's packages have put them in their place.
std::vector<Row> measure_emulators(const Settings& settings) {
  std::vector<Row> rows;
  const std::string example = example_of_the_build("libretro");
  if (!std::filesystem::exists(example)) {
    fmt::print(stderr, "{}: left out: the build has no {}\n", kEmulators, example);
    return rows;
  }
  for (const std::string package : kPackages) {
    std::vector<std::string> command{example, "--asked", package, "--frames", "64"};
    if (const char* folder = std::getenv("CLEAVE_CORES")) {
      command.insert(command.end(), {"--cores", folder});
    }
    const auto side = Side::start(kEmulators, command, package + " is not installed");
    if (side == nullptr) continue;
    const auto of_core =
        rows_of(package.substr(package.find('-') + 1), measure_core(*side, settings.runs()));
    rows.insert(rows.end(), of_core.begin(), of_core.end());
  }
  return rows;
}

}  // namespace

std::vector<Benchmark> emulator_benchmarks() {
  return {{kEmulators,
           "an emulator's frame: undone; committed, with what that costs the next frame",
           measure_emulators}};
}

}  // namespace cleave::bench
