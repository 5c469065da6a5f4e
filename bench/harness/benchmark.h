// What a benchmark is, and what it yields: rows of figures, ours beside those of a baseline.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "measure/clock.h"

namespace cleave::bench {

struct Settings {
  bool quick = false;  ///< small and few: all benchmarks within a minute or two
  [[nodiscard]] int runs() const { return quick ? 3 : 7; }
};

/// Figures for one thing, one a run.
class Samples {
 public:
  void add(double figure) { figures_.push_back(figure); }
  [[nodiscard]] std::size_t runs() const { return figures_.size(); }
  [[nodiscard]] bool empty() const { return figures_.empty(); }
  [[nodiscard]] double median() const { return quantile(0.5); }
  [[nodiscard]] double min() const { return quantile(0); }
  [[nodiscard]] double max() const { return quantile(1); }
  [[nodiscard]] double mean() const;
  /// The figure below which a share of `q` of them lies (the nearest that was measured).
  [[nodiscard]] double quantile(double q) const;

 private:
  std::vector<double> figures_;
};

struct Goal {
  std::string text;
  bool met;
};

/// One line of the report.
struct Row {
  std::string name;
  std::string unit;
  Samples ours = {};
  std::string baseline = {};  // what it is; empty: there is none
  Samples theirs = {};
  bool more_is_better = false;
  std::vector<Goal> goals = {};
  nlohmann::ordered_json details = nlohmann::ordered_json::object();  // what else is worth knowing

  /// How many times better than the baseline.
  [[nodiscard]] double ratio() const {
    return more_is_better ? ours.median() / theirs.median() : theirs.median() / ours.median();
  }
  [[nodiscard]] bool met() const;
};

struct Benchmark {
  std::string name;
  std::string what;
  std::function<std::vector<Row>(const Settings&)> run;  // rows are named after it, or below it
  bool in_full_only = false;  ///< one more of a kind, for who asks for it
};

/// Measures each thing once, then the next, and so on, `runs` times over: what disturbs the machine
/// for a second disturbs all of them. A first round does not count; it warms caches, and memory
/// that the host of a virtual machine provides only when it is touched.
template <class... Measure>
std::array<Samples, sizeof...(Measure)> in_turn(int runs, Measure&&... measure) {
  std::array<Samples, sizeof...(Measure)> figures;
  (static_cast<void>(measure()), ...);
  for (int run = 0; run < runs; ++run) {
    auto next = figures.begin();
    ((next++)->add(measure()), ...);
  }
  return figures;
}

/// The median of `count` short batches: one that another program interrupted does not show in it.
template <class Batch>
double median_of_batches(int count, Batch&& batch) {
  Samples figures;
  for (int i = 0; i < count; ++i) figures.add(batch());
  return figures.median();
}

/// The median of as many as 20 ms have room for, but three at least: a few that took long because
/// another program ran do not show.
template <class Measure>
double median_for_a_while(Measure&& measure) {
  Samples figures;
  const auto start = measure::Clock::now();
  do {
    figures.add(measure());
  } while (figures.runs() < 3 || measure::nanoseconds_since(start) < 20e6);
  return figures.median();
}

}  // namespace cleave::bench
