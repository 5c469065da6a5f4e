// The laboratory's explorer against other checkers, on one protocol: bench/explorer/peers/README.md
// has the rules.

#include <fstream>
#include <functional>
#include <memory>
#include <sstream>

#include <fmt/format.h>

#include "bench/explorer/benchmarks.h"
#include "bench/explorer/fork_against_pin.h"
#include "bench/harness/peer.h"
#include "lab/explore/search/explorer.h"
#include "measure/clock.h"

namespace cleave::bench {
namespace {

using lab::explore::ForkAgainstPin;

std::filesystem::path peers() { return peer_of_the_build("peers"); }

// Milliseconds that our search takes; what it found goes into the details.
double ours(const ForkAgainstPin::Shape& shape, const lab::explore::Options& options, Row& row) {
  bool lost = false;
  const double milliseconds =
      measure::processor_nanoseconds_for([&] {
        const auto result =
            lab::explore::explore([&] { return std::make_unique<ForkAgainstPin>(shape); }, options);
        if (!result) return;
        for (const lab::explore::Seen& seen : result->outcomes) {
          lost = lost || *seen.outcome.find("lost") != 0;
        }
        row.details["our coverage"] = result->coverage.text();
        if (options.search == lab::explore::Search::states) {
          row.details["our states"] = result->states;
        } else {
          row.details["our runs"] = result->traces;
          row.details["our runs given up"] = result->cut;
        }
      }) /
      1e6;
  row.details["our verdict"] = lost ? "a pin is lost" : "holds";
  return milliseconds;
}

// A peer, translated and compiled; measured by running `search`. An installed command has no peers.
struct Prepared {
  std::string missing;  // why it cannot be measured; empty: it can
  std::vector<std::string> search;
};

struct Peer {
  std::string name;
  std::function<Prepared(const ForkAgainstPin::Shape&, const std::filesystem::path&)> prepare;
  std::string counted;                                             // states, runs
  std::function<std::optional<double>(const std::string&)> count;  // from what it wrote
  std::string passed;                                              // what it writes if all is well
};

Prepared with_compiler(const std::vector<std::vector<std::string>>& commands,
                       const std::filesystem::path& folder, std::vector<std::string> search) {
  for (const auto& command : commands) {
    if (!installed(command.front())) return {command.front() + " is not installed", {}};
    if (const Finished finished = run(command, folder); finished.status != 0) {
      return {fmt::format("{} failed: {}", command.front(), finished.output), {}};
    }
  }
  return {{}, std::move(search)};
}

Peer spin() {
  return {"Spin",
          [](const ForkAgainstPin::Shape& shape, const std::filesystem::path& folder) {
            return with_compiler(
                {{"spin", fmt::format("-DPINNERS={}", shape.pinners),
                  fmt::format("-DPAGES={}", shape.pages), "-a",
                  peers() / "spin" / "fork_against_pin.pml"},
                 {"cc", "-O2", "-w", "-DSAFETY", "-DNOCLAIM", "-o", "pan", "pan.c"}},
                folder,
                // A hash table for the states that there are: the default of 128 MiB
                // would cost more than the search.
                {"./pan", "-m100000", fmt::format("-w{}", 12 + 2 * shape.pinners)});
          },
          "states", [](const std::string& text) { return number_before(text, " states, stored"); },
          "errors: 0"};
}

Peer rumur() {
  return {"rumur",
          [](const ForkAgainstPin::Shape& shape, const std::filesystem::path& folder) {
            std::ifstream from{peers() / "rumur" / "fork_against_pin.m"};
            std::stringstream model;
            model << from.rdbuf();
            std::string text = model.str();
            const std::string size = "PINNERS: 4;";
            if (const std::size_t at = text.find(size); at != std::string::npos) {
              text.replace(at, size.size(), fmt::format("PINNERS: {};", shape.pinners));
            }
            std::ofstream{folder / "model.m"} << text;
            return with_compiler({{"rumur", "--deadlock-detection", "off", "--threads", "1",
                                   "--output", "model.c", "model.m"},
                                  {"cc", "-O2", "-march=native", "-w", "-o", "model", "model.c",
                                   "-lpthread", "-latomic"}},
                                 folder, {"./model"});
          },
          "states", [](const std::string& text) { return number_before(text, " states, "); },
          "No error found"};
}

Peer relacy(const char* search) {
  return {"relacy",
          [search](const ForkAgainstPin::Shape& shape, const std::filesystem::path& folder) {
            return with_compiler({{"c++", "-O2", "-w", fmt::format("-DPINNERS={}", shape.pinners),
                                   fmt::format("-DPAGES={}", shape.pages), "-o", "full",
                                   peers() / "relacy" / "fork_against_pin.cpp"}},
                                 folder, {"./full", search});
          },
          "runs", [](const std::string& text) { return number_behind(text, "runs: "); }, "runs: "};
}

// Ours and a peer's in turn. A peer that cannot be measured leaves our figures, and the reason.
Row compare(const Settings& settings, const std::string& name, const ForkAgainstPin::Shape& shape,
            const lab::explore::Options& options, const Peer& peer, int runs) {
  Row row{.name = fmt::format("{}/{},{}", name, shape.pinners, shape.pages), .unit = "ms"};
  const Scratch scratch;
  Prepared prepared{missing({peers()}, ""), {}};
  if (prepared.missing.empty()) prepared = peer.prepare(shape, scratch.path());
  if (!prepared.missing.empty()) {
    row.details["skipped"] = fmt::format("{}: {}", peer.name, prepared.missing);
    for (int i = 0; i < runs; ++i) row.ours.add(ours(shape, options, row));
    return row;
  }
  bool passed = true;
  const auto figures = in_turn(
      settings.quick ? 1 : runs, [&] { return ours(shape, options, row); },
      [&] {
        const Finished finished = run(prepared.search, scratch.path());
        passed = passed && finished.status == 0 &&
                 finished.output.find(peer.passed) != std::string::npos;
        row.details["their " + peer.counted] = peer.count(finished.output).value_or(0);
        return finished.processor_seconds * 1e3;
      });
  row.baseline = peer.name;
  row.ours = figures[0];
  row.theirs = figures[1];
  row.goals.push_back({"the same verdict", passed && row.details["our verdict"] == "holds"});
  return row;
}

std::vector<Row> against_spin(const Settings& settings) {
  std::vector<Row> rows;
  const auto add = [&](int pinners, int pages) {
    rows.push_back(
        compare(settings, "explore/spin", {.pinners = pinners, .pages = pages}, {}, spin(), 3));
  };
  add(2, 1);
  if (settings.quick) return rows;
  add(3, 1);
  add(3, 3);
  add(4, 1);
  add(4, 4);
  return rows;
}

std::vector<Row> against_rumur(const Settings& settings) {
  std::vector<Row> rows;
  for (const int pinners : settings.quick ? std::vector{2} : std::vector{3, 4, 5, 6}) {
    rows.push_back(compare(settings, "explore/rumur", {.pinners = pinners},
                           {.search = lab::explore::Search::states, .symmetry = true}, rumur(), 3));
  }
  return rows;
}

std::vector<Row> against_relacy(const Settings& settings) {
  return {compare(settings, "explore/relacy", {.pinners = 1}, {}, relacy("full"), 3)};
}

// What has no peer that is packaged: the figures that others report for the same algorithm are in
// docs/explanation/explorer.md.
std::vector<Row> alone(const Settings& settings) {
  std::vector<Row> rows;
  const auto add = [&](const char* name, const ForkAgainstPin::Shape& shape,
                       const lab::explore::Options& options) {
    Row row{.name = fmt::format("explore/alone/{}/{},{}", name, shape.pinners, shape.pages),
            .unit = "ms"};
    for (int i = 0; i < (settings.quick ? 1 : 3); ++i) row.ours.add(ours(shape, options, row));
    rows.push_back(std::move(row));
  };
  add("commuting", {.pinners = 4}, {});
  if (settings.quick) return rows;
  add("commuting", {.pinners = 4, .pages = 4}, {});
  add("commuting", {.pinners = 5}, {});
  add("commuting", {.pinners = 6}, {});
  add("symmetry", {.pinners = 6}, {.symmetry = true});
  add("tso", {.pinners = 4, .pages = 4}, {.memory = lab::explore::Memory::tso});
  add("conflicting", {.pinners = 4, .pages = 4, .commuting = false}, {});
  add("conflicting", {.pinners = 4, .commuting = false}, {});
  add("states", {.pinners = 5}, {.search = lab::explore::Search::states, .symmetry = true});
  return rows;
}

}  // namespace

std::vector<Benchmark> explore_benchmarks() {
  return {
      {"explore/alone", "the explorer on the fork-against-pin protocol: pinners, pages", alone},
      {"explore/spin", "the same, all runs up to independent steps, against Spin", against_spin},
      {"explore/rumur", "the same, all states up to the pinners' names, against rumur",
       against_rumur},
      {"explore/relacy", "the same, one pinner, against relacy's full search", against_relacy},
  };
}

}  // namespace cleave::bench
