// How a run came to what it came to, in as few words as the run allows.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "lab/explore/trace/trace.h"

namespace lab::explore {

struct Explain {
  /// What is to be explained: an outcome or a failure, as in Options::stop_at.
  Question question;
  /// A schedule that leads to it: Seen::witness or Failure::witness.
  Schedule witness;
  /// The events that the condition is about; the lines show these and what happened before them.
  /// Null: the step that broke something; where nothing did, the last event of each thread.
  std::function<bool(const Trace&, std::size_t event)> matters = nullptr;
  /// Adjacent events of one thread share a line.
  bool merge = true;
  /// How long to look for a run with fewer preemptions, and from where on it was inevitable; each.
  double max_seconds = 2;
};

/// Events of one thread that are told together, or passed over.
struct Line {
  int thread = 0;
  bool flush = false;  ///< stores that leave the thread's buffer
  bool folded =
      false;  ///< not in the causal past of what is explained: "... 12 steps that do not matter"
  std::vector<std::size_t> events;  ///< places in Trace::events
};

struct Counterexample {
  Trace trace;
  std::vector<Line> lines;
  std::uint32_t preemptions = 0;
  /// Whether no run with fewer preemptions comes to it.
  bool fewest = false;
  /// After so many choices of the schedule, every way to go on comes to it; 0: it always does.
  /// None: that was not found out within the time.
  std::optional<std::size_t> inevitable_after;
};

/// How often a thread was let on while another that had been running could have gone on. Cost: a
/// run.
tl::expected<std::uint32_t, Refusal> preemptions(const Factory& factory, const Options& options,
                                                 const Schedule& schedule);

/// Explains. Of the `given` options it uses memory, drop and max_steps. Refusals: those of
/// record(); a witness that does not lead to what is asked for.
tl::expected<Counterexample, Refusal> explain(const Factory& factory, const Options& given,
                                              const Explain& explain);

}  // namespace lab::explore
