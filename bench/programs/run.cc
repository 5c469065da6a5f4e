// A program of 64 MiB that writes 1,000 pages and goes back, by `cleave run` and by what there is
// beside it.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/harness/peer.h"
#include "bench/programs/benchmarks.h"
#include "bench/programs/side.h"

namespace cleave::bench {
namespace {

constexpr const char* kRun = "programs/run";
constexpr int kRoundsARun = 15;

/// What a side answers: three readings of the clock, in ns. Going back by fork(2) begins before the
/// writes, and by gdb has a part there.
struct Rounds {
  Samples whole, back;
};

void measure_run(Side& side, Samples& whole, Samples& back, int rounds) {
  Rounds all;
  for (int i = 0; i < rounds; ++i) {
    const auto clock = side.ask(std::to_string(i + 1), 3);
    all.whole.add(clock[2] - clock[0]);
    all.back.add(clock[2] - clock[1]);
  }
  whole.add(all.whole.median());
  back.add(all.back.median());
}

/// The program in each way, and what gdb runs.
std::string goes_back() { return peer_of_the_build("cleave_goes_back"); }
std::string checkpoints() { return peer_of_the_build("gdb_checkpoints.py"); }

std::unique_ptr<Side> under_commits() {
  const std::string run = command_beside("cleave-run");
  return Side::start(kRun, {run, "--", goes_back(), "commits"},
                     std::filesystem::exists(run)
                         ? missing({goes_back()}, "no program can be put under commits here")
                         : "there is no " + run);
}
std::unique_ptr<Side> by_fork() {
  return Side::start(kRun, {goes_back(), "forks"}, missing({goes_back()}, "fork(2) fails"));
}
std::unique_ptr<Side> by_gdb() {
  return Side::start(
      kRun, {"gdb", "-q", "-nx", "-batch", "-x", checkpoints(), "--args", goes_back(), "steps"},
      missing({goes_back(), checkpoints()},
              "gdb is not installed, has no Python, or may not trace"));
}

std::vector<Row> measure_runs(const Settings& settings) {
  std::vector<Row> rows;
  const auto ours = under_commits();
  if (ours == nullptr) return rows;
  const auto beside = [&](const char* name, const char* what, Side& other, int rounds,
                          double times) {
    Row row{.name = fmt::format("{}/{}", kRun, name), .unit = "ns", .baseline = what};
    Samples back;
    Samples their_back;
    for (int run = -1; run < settings.runs(); ++run) {
      if (run == 0) row.ours = row.theirs = back = their_back = {};  // the first did not count
      measure_run(*ours, row.ours, back, kRoundsARun);
      measure_run(other, row.theirs, their_back, rounds);
    }
    row.goals.push_back({"a rollback in 1 ms", back.median() <= 1e6});
    row.goals.push_back({fmt::format("{} times", times), row.ratio() >= times});
    row.details["rollback"] = back.median();
    row.details["writing"] = row.ours.median() - back.median();
    row.details["baseline_rollback"] = their_back.median();
    rows.push_back(row);
  };
  if (const auto fork = by_fork()) {
    beside("vs-fork", "a child of fork(2) that writes them and exits", *fork, kRoundsARun, 20);
  }
  if (const auto gdb = by_gdb()) {
    beside("vs-gdb", "gdb: a checkpoint, the writes, a restart", *gdb, 2, 100);
  }
  return rows;
}

}  // namespace

std::vector<Benchmark> run_benchmarks() {
  return {{kRun, "a program of 64 MiB under commits: writes 1,000 pages at random and goes back",
           measure_runs}};
}

}  // namespace cleave::bench
