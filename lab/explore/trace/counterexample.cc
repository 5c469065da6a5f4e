#include "lab/explore/trace/counterexample.h"

#include <algorithm>
#include <array>

#include "lab/explore/execution/follow.h"

namespace lab::explore {
namespace {

// More would be of little help to a reader, and is dear to search for.
constexpr std::uint32_t kMostPreemptions = 6;

// Follows a schedule and counts preemptions.
class Counting : public Scheduler {
 public:
  explicit Counting(const Schedule& schedule) : follow_(schedule) {}
  Actor next(Execution& execution) override {
    const Actor actor = follow_.next(execution);
    if (actor == kNoActor || is_flush(actor)) return actor;
    const bool could_go_on = running_ != kNoActor && (execution.enabled() & only(running_)) != 0;
    if (could_go_on && actor != running_) ++count;
    running_ = actor;
    return actor;
  }
  std::uint32_t value(Execution& execution, std::uint32_t values) override {
    return follow_.value(execution, values);
  }
  [[nodiscard]] bool lost() const { return follow_.lost(); }
  std::uint32_t count = 0;

 private:
  Follow follow_;
  Actor running_ = kNoActor;
};

bool comes_to(const Trace& trace, const Question& question) {
  if (!trace.broken.empty()) return question({nullptr, Failure::Kind::broken, trace.broken});
  switch (trace.ending) {
    case Ending::complete:
      return question({&trace.outcome, {}, {}});
    case Ending::deadlock:
      return question({nullptr, Failure::Kind::deadlock, trace.standstill});
    case Ending::too_long:
      return question({nullptr, Failure::Kind::too_long, trace.standstill});
    default:
      return false;
  }
}

// The witness with the fewest preemptions that can be found in time, and whether there is none with
// fewer.
struct Simplest {
  Schedule schedule;
  bool fewest;
};

Simplest simplest(const Factory& factory, Options options, const Explain& explain,
                  std::uint32_t preemptions) {
  options.search = Search::bound;
  options.bound = std::min(preemptions, kMostPreemptions);
  options.max_seconds = explain.max_seconds;
  options.stop_at = explain.question;
  const auto result = explore(factory, options);
  if (!result) return {explain.witness, false};
  for (const Seen& seen : result->outcomes) {
    if (explain.question({&seen.outcome, {}, {}})) return {seen.witness, true};
  }
  for (const Failure& failure : result->failures) {
    if (explain.question({nullptr, failure.kind, failure.what})) return {failure.witness, true};
  }
  return {explain.witness, preemptions == 0};
}

// Whether every run that begins so comes to it. Nothing: not found out in time.
std::optional<bool> all_come_to_it(const Factory& factory, Options options, const Explain& explain,
                                   Schedule prefix) {
  options.search = Search::dpor;
  options.symmetry = false;
  options.check_runs = 0;
  options.prefix = std::move(prefix);
  options.max_seconds = explain.max_seconds / 8;  // about so many are asked
  bool other = false;
  options.stop_at = [&](const Finding& finding) { return other = !explain.question(finding); };
  const auto result = explore(factory, options);
  if (other) return false;
  if (!result || result->coverage.kind != Coverage::Kind::exhaustive) return std::nullopt;
  return true;
}

// Once it is inevitable it stays so: halving finds where it begins.
std::optional<std::size_t> inevitable_after(const Factory& factory, const Options& options,
                                            const Explain& explain, const Schedule& schedule) {
  std::size_t open = 0;  // all shorter prefixes leave another way
  std::size_t closed = schedule.size();
  while (open < closed) {
    const std::size_t middle = open + (closed - open) / 2;
    const auto length = static_cast<Schedule::difference_type>(middle);
    const auto all =
        all_come_to_it(factory, options, explain, {schedule.begin(), schedule.begin() + length});
    if (!all) return std::nullopt;
    if (*all) {
      closed = middle;
    } else {
      open = middle + 1;
    }
  }
  return open;
}

// Without another word from the caller: the step that broke something, or the last event of each
// thread.
bool matters(const Trace& trace, const Explain& explain, std::size_t event) {
  if (explain.matters) return explain.matters(trace, event);
  const Event& here = trace.events[event];
  const bool scheduled = here.kind != Event::Kind::put && here.kind != Event::Kind::fence;
  if (!trace.broken.empty()) return scheduled && here.choices == trace.broken_at;
  for (std::size_t later = event + 1; later < trace.events.size(); ++later) {
    if (trace.events[later].thread == here.thread) return false;
  }
  return true;
}

std::vector<Line> lines(const Trace& trace, const Explain& explain) {
  const std::size_t count = trace.events.size();
  std::vector<bool> kept(count, false);
  for (std::size_t i = 0; i < count; ++i) {
    if (!matters(trace, explain, i)) continue;
    kept[i] = true;
    for (std::size_t j = 0; j < count; ++j) {
      if (trace.before(j, i)) kept[j] = true;
    }
  }
  std::vector<Line> lines;
  std::size_t fold = 0;  // lines from here on are of steps that are passed over
  for (std::size_t i = 0; i < count; ++i) {
    const Event& event = trace.events[i];
    const bool flush = event.kind == Event::Kind::flush;
    const auto like = [&](const Line& line) {
      return line.thread == event.thread && line.flush == flush && line.folded != kept[i];
    };
    if (kept[i]) {
      const bool joins = explain.merge && !lines.empty() && like(lines.back());
      if (!joins) lines.push_back({event.thread, flush, false, {}});
      lines.back().events.push_back(i);
      fold = lines.size();
    } else {
      auto line =
          std::find_if(lines.begin() + static_cast<std::ptrdiff_t>(fold), lines.end(), like);
      if (line == lines.end()) {
        line = lines.insert(lines.end(), {event.thread, flush, true, {}});
      }
      line->events.push_back(i);
    }
  }
  return lines;
}

}  // namespace

tl::expected<std::uint32_t, Refusal> preemptions(const Factory& factory, const Options& options,
                                                 const Schedule& schedule) {
  Execution execution{options.memory, options.drop, options.max_steps};
  Counting counting{schedule};
  execution.run(factory, counting);
  if (counting.lost()) {
    return tl::unexpected(
        Refusal{"the program does not follow the schedule: it was made for another"});
  }
  return counting.count;
}

tl::expected<Counterexample, Refusal> explain(const Factory& factory, const Options& given,
                                              const Explain& explain) {
  Options options;
  options.memory = given.memory;
  options.drop = given.drop;
  options.max_steps = given.max_steps;
  const auto count = preemptions(factory, options, explain.witness);
  if (!count) return tl::unexpected(count.error());
  const Simplest simple = simplest(factory, options, explain, *count);
  auto trace = record(factory, options, simple.schedule);
  if (!trace) return tl::unexpected(trace.error());
  if (!comes_to(*trace, explain.question)) {
    return tl::unexpected(
        Refusal{"the witness does not lead to what shall be explained: take the one of the outcome "
                "or failure"});
  }
  Counterexample example;
  example.trace = std::move(*trace);
  example.lines = lines(example.trace, explain);
  example.preemptions = *preemptions(factory, options, simple.schedule);
  example.fewest = simple.fewest;
  example.inevitable_after = inevitable_after(factory, options, explain, simple.schedule);
  return example;
}

}  // namespace lab::explore
