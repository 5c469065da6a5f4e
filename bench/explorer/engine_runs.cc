// The engine's own code under the explorer, by runs a second, beside relacy on a model of the same
// protocol that was written by hand.

#include <fmt/format.h>

#include "bench/explorer/benchmarks.h"
#include "bench/harness/peer.h"

namespace cleave::bench {
namespace {

constexpr const char* kName = "explore/engine";
constexpr double kGoal = 25'000;

// The explored library and the one that all else here measures cannot be in one program.
std::string program() { return peer_of_the_build("cleave_runs_of_the_engine"); }

double ours(const char* memory, int explorations, Row& row) {
  const Finished finished = run({program(), memory, std::to_string(explorations)}, "/");
  const auto number = [&](const char* words) {
    return number_behind(finished.output, words).value_or(0);
  };
  row.details["our runs"] = number("runs: ");
  row.details["our runs given up"] = number("given up: ");
  row.details["our verdict"] = finished.status == 0 ? "holds" : finished.output;
  return number("runs a second: ");
}

// Why relacy cannot be measured; empty: it can.
std::string prepare_relacy(const std::filesystem::path& folder) {
  const std::filesystem::path source = peer_of_the_build("peers") / "relacy" / "fork_pin_store.cpp";
  if (!installed("c++")) return "c++ is not installed";
  if (std::string why = missing({source}, ""); !why.empty()) return why;
  const Finished built = run({"c++", "-O2", "-w", "-o", "search", source}, folder);
  return built.status == 0 ? "" : "c++ failed: " + built.output;
}

double relacy(const std::filesystem::path& folder, int runs, bool& passed) {
  const Finished finished = run({"./search", std::to_string(runs)}, folder);
  passed = passed && finished.status == 0;
  return runs / finished.processor_seconds;
}

Row measure(const char* memory, const Settings& settings) {
  Row row{.name = fmt::format("{}/{}", kName, memory), .unit = "runs/s", .more_is_better = true};
  const int explorations = settings.quick ? 20 : 300;
  const Scratch scratch;
  const std::string why_alone = prepare_relacy(scratch.path());
  bool same = true;
  if (why_alone.empty()) {
    const auto figures = in_turn(
        settings.runs(), [&] { return ours(memory, explorations, row); },
        [&] { return relacy(scratch.path(), settings.quick ? 20'000 : 300'000, same); });
    row.baseline = "relacy, random runs of a model";
    row.ours = figures[0];
    row.theirs = figures[1];
    row.goals.push_back({"the same verdict", same && row.details["our verdict"] == "holds"});
  } else {
    row.details["skipped"] = "relacy: " + why_alone;
    for (int i = 0; i < settings.runs(); ++i) row.ours.add(ours(memory, explorations, row));
  }
  row.goals.push_back({fmt::format("{:.0f} runs/s", kGoal), row.ours.median() >= kGoal});
  return row;
}

std::vector<Row> measure_both(const Settings& settings) {
  if (const std::string why = missing({program()}, ""); !why.empty()) {
    fmt::print(stderr, "{}: left out: {}\n", kName, why);
    return {};
  }
  return {measure("sc", settings), measure("tso", settings)};
}

}  // namespace

std::vector<Benchmark> explored_engine_benchmarks() {
  return {{kName, "the engine's own fork, pin and store, all orders, beside relacy", measure_both}};
}

}  // namespace cleave::bench
