// cleave bench: measures, and shows each figure beside its baseline.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/all.h"
#include "bench/harness/report.h"
#include "measure/clock.h"
#include "tools/console/program.h"
#include "tools/console/status_line.h"

namespace {

namespace bench = cleave::bench;
using bench::Benchmark;
using bench::Row;

struct Options {
  std::vector<std::string> names;
  bool json = false;
  bool list = false;
  bool full = false;
  bench::Settings settings;
};

// A name selects itself and what lies below it.
bool selects(const std::string& name, const Benchmark& benchmark) {
  return benchmark.name == name || benchmark.name.starts_with(name + '/');
}

std::vector<Benchmark> select(const Options& options) {
  const std::vector<std::string>& names = options.names;
  std::vector<Benchmark> all = bench::all_benchmarks();
  for (const auto& name : names) {
    if (std::ranges::none_of(all, [&](const auto& b) { return selects(name, b); })) {
      fmt::print(stderr, "cleave bench: nothing is called {}; --list shows what there is\n", name);
      throw cleave::console::Exit{2};
    }
  }
  if (!names.empty()) {
    std::erase_if(all, [&](const auto& b) {
      return std::ranges::none_of(names, [&](const auto& name) { return selects(name, b); });
    });
  } else if (!options.full && !options.list) {
    std::erase_if(all, [](const Benchmark& b) { return b.in_full_only; });
  }
  return all;
}

// Prints rows as they come: whoever interrupts a long measurement keeps what was measured.
class Report {
 public:
  explicit Report(bool json) : json_(json) { fmt::print("{}", json ? "[" : bench::heading()); }
  void add(const Row& row) {
    if (json_) {
      fmt::print("{}\n{}", rows_ == 0 ? "" : ",", bench::json(row).dump(2));
    } else {
      fmt::print("{}", bench::line(row));
    }
    ++rows_;
    (void)fflush(stdout);
  }
  void end() const {
    if (json_) fmt::print("\n]\n");
  }

 private:
  bool json_;
  std::size_t rows_ = 0;
};

void measure(const Options& options) {
  const auto start = cleave::measure::Clock::now();
  const std::vector<Benchmark> selected = select(options);
  Report report(options.json);
  const cleave::console::StatusLine status;
  for (std::size_t i = 0; i < selected.size(); ++i) {
    status.show(fmt::format("{}/{} {} ...", i + 1, selected.size(), selected[i].name));
    const std::vector<Row> rows = selected[i].run(options.settings);
    status.clear();
    for (const Row& row : rows) report.add(row);
  }
  report.end();
  const auto seconds = std::lround(cleave::measure::nanoseconds_since(start) / 1e9);
  fmt::print(stderr, "measured in {} min {} s\n", seconds / 60, seconds % 60);
}

void add_options(CLI::App& app, Options& options) {
  app.add_option("NAME", options.names, "What to measure: a name, or what comes before its slash");
  app.add_flag("--json", options.json, "Give an array of objects in place of a table");
  app.add_flag("--list", options.list, "Name the benchmarks and leave");
  app.add_flag("--full", options.full,
               "Without names: all there is, where some sizes are left out otherwise");
  app.add_flag("--quick", options.settings.quick, "Small and few: a minute or two for everything");
  app.callback([&options] {
    if (!options.list) return measure(options);
    for (const Benchmark& b : select(options)) {
      fmt::print("{:<28}{}{}\n", b.name, b.what, b.in_full_only ? " (named, or --full)" : "");
    }
  });
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): run_program() catches what its callbacks throw.
int main(int argc, char** argv) {
  Options options;
  return cleave::console::run_program(
      "cleave bench", "Measure, and show each figure beside a baseline's",
      [&](CLI::App& app) { add_options(app, options); }, argc, argv);
}
