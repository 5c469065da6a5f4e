// What programs that allocate much pay for running under commits, when none is made.
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/harness/peer.h"
#include "bench/programs/benchmarks.h"
#include "bench/programs/side.h"

namespace cleave::bench {
namespace {

constexpr const char* kOverhead = "programs/run-overhead";

struct Program {
  const char* name;
  std::vector<std::string> command;  // the last word has {} for how much is to be done
  int much, little;
};

const std::vector<Program>& programs() {
  static const std::vector<Program> all{
      {"lua",
       {"/usr/bin/lua5.4", "-e",
        "local t = {{}} for i = 1, {} do t[i % 5000] = {{i, 'text ' .. i, {{i}}}} end"},
       3'000'000,
       50'000},
      {"sqlite3",
       {"/usr/bin/sqlite3", ":memory:",
        "CREATE TABLE t(a, b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        "LIMIT {}) INSERT INTO t SELECT i, 'text ' || i FROM n; CREATE INDEX i ON t(b); "
        "SELECT count(*) FROM (SELECT b, count(*) FROM t GROUP BY b || 'x');"},
       600'000,
       10'000},
      {"python3",
       {"/usr/bin/python3", "-c",
        "d = {{}}\nfor i in range({}): d[i % 5000] = [i, str(i), {{i: [i]}}]"},
       2'500'000,
       50'000},
  };
  return all;
}

std::vector<std::string> command_of(const Program& program, int how_much) {
  std::vector<std::string> command = program.command;
  command.back() = fmt::format(fmt::runtime(command.back()), how_much);
  return command;
}

// What a program says of its failure, which leaves the row out.
struct Failed {
  std::string why;
};

double processor_nanoseconds(const std::vector<std::string>& command) {
  const Finished finished = run(command, "/");
  if (finished.status != 0) {
    throw Failed{fmt::format("{} ends with {}: {}", command.front(), finished.status,
                             finished.output.substr(0, finished.output.find('\n')))};
  }
  return finished.processor_seconds * 1e9;
}

Row row_of(const Program& program, const std::string& run, const Settings& settings) {
  const auto measured = [&](int how_much) {
    const std::vector<std::string> plain = command_of(program, how_much);
    std::vector<std::string> ours{run, "--"};
    ours.insert(ours.end(), plain.begin(), plain.end());
    return in_turn(
        settings.runs(), [&] { return processor_nanoseconds(ours); },
        [&] { return processor_nanoseconds(plain); });
  };
  const auto [ours, theirs] = measured(settings.quick ? program.little : program.much);
  const auto [start, their_start] = measured(1);
  Row row{.name = fmt::format("{}/{}", kOverhead, program.name),
          .unit = "ns",
          .ours = ours,
          .baseline = "the same program without cleave",
          .theirs = theirs};
  row.goals.push_back({"at most 5 % more", row.ratio() >= 1 / 1.05});
  row.details["start"] = start.median() - their_start.median();
  return row;
}

std::vector<Row> measure_overhead(const Settings& settings) {
  std::vector<Row> rows;
  const std::string run = command_beside("cleave-run");
  if (!std::filesystem::exists(run)) {
    fmt::print(stderr, "{}: left out: there is no {}\n", kOverhead, run);
    return rows;
  }
  for (const Program& program : programs()) {
    if (!std::filesystem::exists(program.command.front())) {
      fmt::print(stderr, "{}: left out: {} is not installed\n", kOverhead, program.command.front());
      continue;
    }
    try {
      rows.push_back(row_of(program, run, settings));
    } catch (const Failed& failed) {
      fmt::print(stderr, "{}/{}: left out: {}\n", kOverhead, program.name, failed.why);
    }
  }
  return rows;
}

}  // namespace

std::vector<Benchmark> run_overhead_benchmarks() {
  return {{kOverhead, "programs that allocate much, without commits", measure_overhead}};
}

}  // namespace cleave::bench
