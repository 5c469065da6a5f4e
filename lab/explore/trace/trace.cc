#include "lab/explore/trace/trace.h"

#include <algorithm>
#include <deque>

#include <fmt/format.h>

#include "lab/explore/execution/follow.h"

namespace lab::explore {
namespace {

class Scribe : public Recorder {
 public:
  explicit Scribe(Trace& trace) : trace_(trace) {}

  void began(Execution& execution, Actor actor) override {
    ++choices_;
    const int thread = thread_of(actor);
    Event event;
    event.kind = is_flush(actor) ? Event::Kind::flush : Event::Kind::step;
    event.thread = thread;
    event.operation = execution.operation_of(thread);
    event.label = execution.label(thread);
    event.clock = ordered_before(execution, actor);
    if (is_flush(actor)) {
      const std::size_t put = waiting_[static_cast<std::size_t>(thread)].front();
      waiting_[static_cast<std::size_t>(thread)].pop_front();
      event.label = trace_.events[put].label;
      join(event.clock, trace_.events[put].clock);
    }
    add(std::move(event), actor);
    step_ = trace_.events.size() - 1;
  }

  void ended(Execution& execution) override {
    Event& event = trace_.events[step_];
    const Footprint footprint = execution.footprint();
    for (std::size_t i = 0; i < footprint.size(); ++i) {
      const Variable* variable = execution.variable(footprint[i].slot);
      const std::uint64_t before = execution.before()[i];
      // What only reads leaves what it saw, and under ra that may be old.
      const bool reads = footprint[i].touch == kRead;
      event.touched.push_back({variable == nullptr ? "" : variable->name(),
                               variable == nullptr ? 0 : variable->number(), footprint[i].touch,
                               before, reads ? before : execution.bits(footprint[i].slot)});
    }
    order(footprint);
    event.counters = execution.program().describe();
  }

  void put(Execution& execution, int thread, const char* label, const Variable& variable,
           std::uint64_t bits) override {
    Event event = beside(execution, thread, Event::Kind::put, label);
    event.touched.push_back({variable.name(), variable.number(), kWrite, bits, bits});
    waiting_[static_cast<std::size_t>(thread)].push_back(trace_.events.size());
    add(std::move(event), static_cast<Actor>(thread));
  }

  void fence(Execution& execution, int thread, const char* name) override {
    add(beside(execution, thread, Event::Kind::fence, name), static_cast<Actor>(thread));
  }

  void decided(std::string_view text) override {
    if (!trace_.events.empty()) trace_.events[step_].decided.emplace_back(text);
  }

  void chose(std::uint64_t value) override {
    trace_.events[step_].kind = Event::Kind::choice;
    trace_.events[step_].value = value;
  }

 private:
  struct TouchOfEvent {
    Access access;
    std::size_t event;
    Actor actor;
  };

  static std::size_t row(Actor actor) { return actor; }

  Event beside(Execution& execution, int thread, Event::Kind kind, const char* label) {
    Event event;
    event.kind = kind;
    event.thread = thread;
    event.label = label;
    event.operation = execution.operation_of(thread);
    event.clock = ordered_before(execution, static_cast<Actor>(thread));
    return event;
  }

  static void join(std::vector<std::uint32_t>& clock, const std::vector<std::uint32_t>& other) {
    for (std::size_t i = 0; i < clock.size(); ++i) clock[i] = std::max(clock[i], other[i]);
  }

  std::vector<std::uint32_t> ordered_before(Execution& execution, Actor actor) {
    std::vector<std::uint32_t> clock(64, 0);
    const int thread = thread_of(actor);
    const auto after = [&](std::uint32_t count) {
      if (count > 0) join(clock, trace_.events[count - 1].clock);
    };
    after(latest_[row(actor)]);
    if (const int started = execution.started_at(thread); started >= 0) {
      after(event_of_step_[static_cast<std::size_t>(started)]);
    }
    if (!is_flush(actor) && execution.drains(thread)) after(latest_[row(flush_of(thread))]);
    return clock;
  }

  void add(Event event, Actor actor) {
    const auto count = static_cast<std::uint32_t>(trace_.events.size() + 1);
    event.choices = choices_;
    event.clock[row(actor)] = count;
    latest_[row(actor)] = count;
    if (event.kind == Event::Kind::step || event.kind == Event::Kind::flush) {
      event_of_step_.push_back(count);
      actor_ = actor;
    }
    trace_.events.push_back(std::move(event));
  }

  // The step that ended comes after all earlier ones that it conflicts with.
  void order(Footprint footprint) {
    std::vector<std::uint32_t>& clock = trace_.events[step_].clock;
    for (const Access& access : footprint) {
      for (const TouchOfEvent& earlier : touches_) {
        if (earlier.access.slot == access.slot && thread_of(earlier.actor) != thread_of(actor_) &&
            conflict(earlier.access.touch, access.touch)) {
          join(clock, trace_.events[earlier.event].clock);
        }
      }
    }
    for (const Access& access : footprint) touches_.push_back({access, step_, actor_});
    // What was put, or fenced, in the wake of the step comes after it.
    for (std::size_t i = step_ + 1; i < trace_.events.size(); ++i)
      join(trace_.events[i].clock, clock);
  }

  Trace& trace_;
  std::size_t choices_ = 0;
  std::size_t step_ = 0;
  Actor actor_ = 0;
  std::array<std::uint32_t, 64> latest_{};
  std::vector<std::uint32_t> event_of_step_;
  std::array<std::deque<std::size_t>, kMaxThreads> waiting_;
  std::vector<TouchOfEvent> touches_;
};

std::uint64_t hash_of(const Trace& trace) {
  Hash64 hash;
  for (const Event& event : trace.events) {
    hash.feed(static_cast<std::uint64_t>(event.kind))
        .feed(static_cast<std::uint64_t>(event.thread));
    hash.feed(event.label).feed(event.value);
    for (const Touching& t : event.touched) {
      hash.feed(t.number).feed(t.touch).feed(t.before).feed(t.after);
    }
  }
  for (const Outcome::Value& value : trace.outcome.values()) {
    hash.feed(std::string_view(value.name)).feed(value.value);
  }
  return hash.feed(trace.broken).value();
}

}  // namespace

bool Trace::before(std::size_t a, std::size_t b) const {
  const Event& first = events[a];
  const Actor actor =
      first.kind == Event::Kind::flush ? flush_of(first.thread) : static_cast<Actor>(first.thread);
  return a != b && events[b].clock[actor] >= a + 1;
}

tl::expected<Trace, Refusal> record(const Factory& factory, const Options& options,
                                    const Schedule& schedule) {
  Trace trace;
  trace.memory = options.memory;
  trace.drop = options.drop;
  trace.schedule = schedule;
  Execution execution{options.memory, options.drop, options.max_steps};
  Scribe scribe{trace};
  execution.record(&scribe);
  Follow follow{schedule};
  trace.ending = execution.run(factory, follow);
  if (follow.lost() || follow.steps() < schedule.size()) {
    return tl::unexpected(Refusal{
        fmt::format("the program does not follow the schedule at step {}: it is another program "
                    "than the one that the schedule was made for, or it is not deterministic",
                    follow.steps() + 1)});
  }
  for (int t = 0; t < execution.threads(); ++t) trace.threads.emplace_back(execution.name(t));
  if (trace.ending == Ending::complete && execution.violations().empty()) {
    execution.outcome(trace.outcome);
  }
  if (!execution.violations().empty()) {
    trace.broken = execution.violations().front().what;
    trace.broken_at = execution.violations().front().step;
  }
  if (trace.ending == Ending::deadlock || trace.ending == Ending::too_long) {
    trace.standstill = execution.standstill();
  }
  trace.hash = hash_of(trace);
  return trace;
}

}  // namespace lab::explore
