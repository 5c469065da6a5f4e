// A target with state that is taken back after each input, by examples/fuzz.
#include <array>
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

constexpr const char* kFuzz = "programs/fuzz";

struct Input {
  const char* name;   // in the row
  const char* asked;  // of the example
  unsigned times;     // a run
  bool is_small;
};
constexpr std::array kInputs{
    Input{"select", "select one", 1000, true},     Input{"insert", "insert a row", 1000, true},
    Input{"update", "update 41 rows", 200, false}, Input{"drop", "drop and create", 200, false},
    Input{"delete-half", "delete half", 5, false},
};

struct Rival {
  const char* name;  // in the row
  const char* way;   // of the example
  const char* what;
  const char* missing;
  double goal;      // times
  bool only_small;  // has the goal for small inputs alone
};
constexpr std::array kRivals{
    Rival{"vs-fork", "fork", "a child of fork(2) for each input", "", 20, true},
    Rival{"vs-afl", "AFL++", "AFL++'s fork server",
          "AFL++ was not installed when this was built (apt install afl++)", 3, false},
    Rival{"vs-copy", "fresh copy", "a fresh copy of the database for each input", "", 2, false},
};

std::unique_ptr<Side> side_of(const char* way, const char* why) {
  const std::string example = example_of_the_build("fuzz");
  const bool is_built = std::filesystem::exists(example);
  return Side::start(kFuzz, {example, "--asked", way},
                     is_built ? std::string(why) : "the build has no " + example);
}

double nanoseconds(Side& side, const Input& input, bool quick) {
  const unsigned times = quick ? std::max(input.times / 20, 3U) : input.times;
  return side.ask(fmt::format("{} {}", times, input.asked), 1).front() * 1e3;
}

Row row_of(const Input& input, const Rival& rival, const Samples& ours, const Samples& theirs) {
  Row row{.name = fmt::format("{}/{}/{}", kFuzz, input.name, rival.name),
          .unit = "ns",
          .ours = ours,
          .baseline = rival.what,
          .theirs = theirs};
  if (input.is_small || !rival.only_small) {
    row.goals.push_back({fmt::format("{} times", rival.goal), row.ratio() >= rival.goal});
  }
  return row;
}

std::vector<Row> measure_fuzz(const Settings& settings) {
  std::vector<Row> rows;
  const auto arena = side_of("arena", "the arena cannot be made");
  if (arena == nullptr) return rows;
  for (const Rival& rival : kRivals) {
    const auto other = side_of(rival.way, rival.missing);
    if (other == nullptr) continue;
    for (const Input& input : kInputs) {
      const auto [ours, theirs] = in_turn(
          settings.runs(), [&] { return nanoseconds(*arena, input, settings.quick); },
          [&] { return nanoseconds(*other, input, settings.quick); });
      rows.push_back(row_of(input, rival, ours, theirs));
    }
  }
  return rows;
}

}  // namespace

std::vector<Benchmark> fuzz_benchmarks() {
  return {{kFuzz, "an input to a database, and the way back to what was prepared", measure_fuzz}};
}

}  // namespace cleave::bench
