// What all searches share: runs are made one after another, and what they come to is booked.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "lab/explore/execution/execution.h"
#include "lab/explore/search/explorer.h"

namespace lab::explore {

/// A scheduler that can tell what it decided.
class Chooser : public Scheduler {
 public:
  /// The decisions of the latest run.
  [[nodiscard]] virtual Schedule schedule() const = 0;
};

class Exploration {
 public:
  Exploration(const Factory& factory, const Options& options);

  /// Makes a run, and books it if counts() allows. False: the exploration shall stop.
  bool run(Chooser& chooser);
  /// Whether the latest run counts; asked before it is booked.
  std::function<bool()> counts = nullptr;
  /// For failures that a search finds by itself.
  void book(Failure::Kind kind, std::string what, const Chooser& chooser);
  /// Forgets all runs made.
  void start_over();
  /// From the next run on, a step is said to depend on fences of all threads.
  void note_heavy_fences(bool on) {
    execution_.note_heavy_fences(on);
    again_.note_heavy_fences(on);
  }
  void count_states(std::uint64_t states) { result_.states = states; }

  [[nodiscard]] bool stopped() const { return stopped_; }
  [[nodiscard]] Ending ending() const { return ending_; }
  [[nodiscard]] std::uint64_t runs() const { return runs_; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] Execution& execution() { return execution_; }
  void refuse(std::string what);

  /// The end: `coverage` is what was done, unless the exploration was stopped.
  tl::expected<Result, Refusal> finish(Coverage coverage);

 private:
  using Clock = std::chrono::steady_clock;
  void book(const Chooser& chooser);
  void book_outcome(const Chooser& chooser);
  void check_determinism(const Chooser& chooser);
  void stop_if_found(const Finding& finding);
  void look_at_the_clock();
  [[nodiscard]] double seconds() const;
  /// What the calling thread has used of a processor. What is found within a limit of it is the
  /// same on a machine that is busy with something else.
  static double work_seconds();

  const Factory& factory_;
  const Options& options_;
  Execution execution_;
  Execution again_;  // for making runs again
  Result result_;
  Ending ending_ = Ending::complete;
  std::uint64_t runs_ = 0;
  Outcome outcome_;
  std::unordered_multimap<std::uint64_t, std::size_t> seen_;  // hash of values -> place in outcomes
  const Clock::time_point begin_ = Clock::now();
  const double begin_of_work_ = work_seconds();
  double reported_ = 0;
  bool stopped_ = false;
  std::string stopped_by_;
  std::optional<Refusal> refusal_;
};

// The searches; each makes its runs and says what they cover.
Coverage search_dpor(Exploration& exploration);
Coverage search_states(Exploration& exploration);
Coverage search_depth_first(Exploration& exploration);  // naive and bound
Coverage search_random(Exploration& exploration);       // random and pct

}  // namespace lab::explore
