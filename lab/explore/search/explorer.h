// Explores the schedules of a program: which outcomes it has, and whether anything breaks.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "lab/explore/execution/execution.h"
#include "lab/explore/execution/program.h"
#include "lab/explore/execution/schedule.h"

namespace lab::explore {

enum class Search : std::uint8_t {
  dpor,    ///< one run for each class of runs that differ in the order of independent steps only
  states,  ///< each state once
  bound,   ///< runs with at most `bound` preemptions, those with fewest first
  random,  ///< who is next is drawn each time
  pct,     ///< threads have drawn priorities, which change at `bound` - 1 drawn steps
  naive,   ///< every run
};

/// How far an exploration has come.
struct Progress {
  std::uint64_t runs;
  std::uint64_t steps;
  std::uint64_t states;
  double seconds;
};

struct Failure {
  enum class Kind : std::uint8_t {
    broken,    ///< broken() was called
    deadlock,  ///< threads were left, and none could go on
    livelock,  ///< threads can go round for ever; Search::states only
    too_long,  ///< more than Options::max_steps
  };
  Kind kind;
  std::string what;
  std::uint64_t count;
  Schedule witness;
};

/// "broken", "deadlock", "livelock", "too long".
[[nodiscard]] const char* name(Failure::Kind kind);

/// What one run came to: an outcome, or else a failure.
struct Finding {
  const Outcome* outcome = nullptr;
  Failure::Kind failure = {};
  std::string_view what = {};
};

using Question = std::function<bool(const Finding&)>;

struct Options {
  Memory memory = Memory::sc;
  Search search = Search::dpor;
  /// Preemptions for Search::bound, depth for Search::pct.
  std::uint32_t bound = 2;
  /// How many runs Search::random and Search::pct make.
  std::uint64_t runs = 10'000;
  std::uint64_t seed = 1;
  /// Fences and re-checks to leave out, by name; and orders to weaken: "SITE~relaxed".
  std::vector<std::string> drop = {};
  /// Takes threads that the program declared equal for one another. For Search::dpor and
  /// Search::states.
  bool symmetry = false;
  /// A run that takes more steps is given up, and reported.
  std::uint32_t max_steps = 10'000;
  /// Stops after so many seconds of a processor's work, or so many runs, with a partial result.
  std::optional<double> max_seconds = std::nullopt;
  std::optional<std::uint64_t> max_runs = std::nullopt;
  /// Stops soon after this has become true, by whichever thread; a partial result.
  const std::atomic<bool>* stop = nullptr;
  bool stop_at_failure = false;
  /// Stops at the first run that comes to what is looked for.
  Question stop_at = nullptr;
  /// Only runs that begin so. For Search::dpor.
  Schedule prefix = {};
  /// So many of the first runs are made twice more and compared step by step.
  std::uint32_t check_runs = 100;
  /// Called about once a second, on the exploring thread.
  std::function<void(const Progress&)> progress = nullptr;
};

/// What the result is worth. Its text is made from what was done, never written by hand.
struct Coverage {
  enum class Kind : std::uint8_t { exhaustive, bounded, sampled, stopped };
  Kind kind = Kind::exhaustive;
  std::uint32_t preemptions = 0;  ///< bounded: runs with so many were all made
  std::uint64_t runs = 0;         ///< sampled, stopped: so many were made
  std::uint64_t seed = 0;         ///< sampled
  std::string stopped_by = {};    ///< stopped: "after 2 s"
  /// "exhaustive", "exhaustive up to 2 preemptions", "1000 random runs, seed 1", "stopped after 2
  /// s".
  [[nodiscard]] std::string text() const;
  bool operator==(const Coverage&) const = default;
};

/// An outcome that was seen, how often, and one schedule that leads to it.
struct Seen {
  Outcome outcome;
  std::uint64_t count;
  Schedule witness;
};

struct Result {
  std::uint64_t traces = 0;  ///< runs that came to an end: complete, or with a failure
  std::uint64_t cut = 0;     ///< runs given up, as another covers them
  std::uint64_t steps = 0;   ///< taken in all runs, those that only led to a new one too
  std::uint64_t states = 0;  ///< distinct ones; Search::states only
  double seconds = 0;
  std::vector<Seen> outcomes;  ///< in the order in which they were seen first
  std::vector<Failure> failures;
  std::vector<std::string> reached;  ///< labels
  std::vector<Site> sites;           ///< where orders were said
  /// Of an exhaustive search under sc: false means that tso has the same outcomes and failures,
  /// since no thread looks at anything while a store of its own may be waiting.
  bool late_stores = false;
  Coverage coverage;

  [[nodiscard]] const Seen* find(const Outcome& outcome) const;
};

/// Why something cannot be explored or replayed, and what to do about it.
struct Refusal {
  std::string what;
};

/// Explores. Refusals: options that do not go together; a program that ran differently under the
/// same schedule, with the step; more than 32 threads. Cost: by traces, times steps. One
/// exploration an OS thread at a time.
tl::expected<Result, Refusal> explore(const Factory& factory, const Options& options);

}  // namespace lab::explore
