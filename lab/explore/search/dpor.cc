#include "lab/explore/search/dpor.h"

#include <algorithm>
#include <bit>

#include "lab/portable/ranges.h"

namespace lab::explore {
namespace {

Actor first_of(ActorSet set) { return static_cast<Actor>(std::countr_zero(set)); }

}  // namespace

bool Conditions::learn(int thread, const char* label, Footprint read) {
  if (read.empty()) return false;
  for (Condition& condition : conditions_) {
    if (!condition.is(thread, label, read)) continue;
    const std::size_t known = condition.slots.size();
    for (const Access& access : read) {
      if (ranges::find(condition.slots, access.slot) == condition.slots.end()) {
        condition.slots.push_back(access.slot);
      }
    }
    return condition.slots.size() > known;
  }
  Condition& condition = conditions_.emplace_back(Condition{thread, label, {}});
  for (const Access& access : read) condition.slots.push_back(access.slot);
  return false;  // Nothing was decided yet on less.
}

std::span<const std::uint32_t> Conditions::of(int thread, const char* label, Footprint read) const {
  if (read.empty()) return {};
  for (const Condition& condition : conditions_) {
    if (condition.is(thread, label, read)) return condition.slots;
  }
  return {};
}

template <int Width>
Dpor<Width>::Dpor(Exploration& exploration, Conditions& conditions)
    : buffers_(exploration.options().memory == Memory::tso),
      symmetry_(exploration.options().symmetry),
      prefix_(exploration.options().prefix),
      conditions_(conditions) {}

template <int Width>
Actor Dpor<Width>::next(Execution& execution) {
  if (depth_ > known_) happened(execution);
  if (depth_ == nodes_.size() && !grow(execution)) return kNoActor;
  if (depth_ == known_) prepare(execution, nodes_[depth_]);
  return nodes_[depth_++].actor;
}

template <int Width>
std::uint32_t Dpor<Width>::value(Execution& execution, std::uint32_t count) {
  return nodes_[depth_ - 1].picks.take(execution.digit(), count);
}

template <int Width>
Schedule Dpor<Width>::schedule() const {
  Schedule schedule;
  for (std::size_t i = 0; i < depth_; ++i) {
    schedule.push_back({nodes_[i].actor, nodes_[i].picks.value()});
  }
  return schedule;
}

// The step at the end of the stack has happened: what does it race with?
template <int Width>
void Dpor<Width>::happened(Execution& execution) {
  const int step = static_cast<int>(depth_) - 1;
  Node& here = node(step);
  Footprint footprint = execution.footprint();
  if (here.awaits != nullptr) footprint = with_condition(here.actor, here.awaits, footprint);
  footprint = with_sleepers(here, footprint);
  const Clock<Width> before = ordered_before(execution, here.actor, here.put_at, here.drains);
  Clock<Width> clock = before;
  find_conflicts(footprint, here.actor, here.awaits != nullptr);
  for (const std::int16_t earlier : conflicts_) {
    const Node& other = node(earlier);
    const bool ordered = clock[row(other.actor)] > earlier;
    if (!ordered) {
      reverse(earlier, here.actor, step, clock, here.awaits != nullptr);
      clock.join(other.clock);
    } else if (here.awaits != nullptr && before[row(other.actor)] <= earlier) {
      // What orders them may be what has let this step happen. Without that, the order is open.
      reverse(earlier, here.actor, step, without(earlier, before), true);
    }
  }
  here.latest = clock.latest();
  clock[row(here.actor)] = static_cast<std::int16_t>(step + 1);
  here.clock = clock;
  here.previous = std::exchange(latest_step_[static_cast<std::size_t>(row(here.actor))],
                                static_cast<std::int16_t>(step + 1));
  std::int16_t& first = first_step_[static_cast<std::size_t>(thread_of(here.actor))];
  if (first == 0) first = static_cast<std::int16_t>(step + 1);
  here.first = static_cast<std::uint32_t>(touched_.size());
  here.count = static_cast<std::uint32_t>(footprint.size());
  if (const std::size_t slots = execution.slots(); latest_touch_.size() < slots)
    latest_touch_.resize(2 * slots, -1);
  for (const Access& access : footprint) {
    const auto index = static_cast<std::int32_t>(touched_.size());
    touched_.push_back({access.slot, access.touch, here.actor, static_cast<std::int16_t>(step),
                        std::exchange(latest_touch_[access.slot], index)});
  }
  known_ = depth_;
}

// What happens before an actor's next step in any case: its thread's steps, and what started the
// thread.
template <int Width>
Clock<Width> Dpor<Width>::ordered_before(const Execution& execution, Actor actor,
                                         std::int32_t put_at, bool drains) const {
  const auto latest = [&](Actor of) { return latest_step_[static_cast<std::size_t>(row(of))]; };
  Clock<Width> clock;
  const int thread = thread_of(actor);
  if (const int own = latest(actor); own > 0) {
    clock = node(own - 1).clock;
  } else if (const int started = execution.started_at(thread); started >= 0) {
    clock = node(started).clock;
  }
  if (symmetry_ && latest(actor) == 0) {
    if (const int twin = execution.twin_before(thread); twin >= 0) {
      if (const int first = first_step_[static_cast<std::size_t>(twin)]; first > 0) {
        clock.join(node(first - 1).clock);
      }
    }
  }
  if (is_flush(actor) && put_at >= 0) clock.join(node(put_at).clock);
  if (drains) {
    if (const int flushed = latest(flush_of(thread)); flushed > 0) {
      clock.join(node(flushed - 1).clock);
    }
  }
  return clock;
}

// The earlier steps that conflict with a footprint, but for those that others in between order
// before it. `all`: those too.
template <int Width>
void Dpor<Width>::find_conflicts(Footprint footprint, Actor actor, bool all) {
  conflicts_.clear();
  for (const Access& access : footprint) {
    if (access.slot >= latest_touch_.size()) continue;
    for (std::int32_t i = latest_touch_[access.slot]; i >= 0;) {
      const Touched& earlier = touched_[static_cast<std::size_t>(i)];
      i = earlier.previous;
      const bool writes = (earlier.touch & kWrite) != 0;
      if (thread_of(earlier.actor) == thread_of(actor)) {
        if (writes && earlier.actor == actor && !all) break;
        continue;
      }
      if (explore::conflict(earlier.touch, access.touch)) conflicts_.push_back(earlier.step);
      // A write conflicts with all before it, but a flushed one not with its own thread's reads.
      if (writes && !all && !is_flush(earlier.actor)) break;
    }
  }
  if (footprint.size() > 1 && conflicts_.size() > 1) {
    ranges::sort(conflicts_, std::greater{});
    conflicts_.erase(std::unique(conflicts_.begin(), conflicts_.end()), conflicts_.end());
  }
}

// A thread before an await that does not hold takes no step, and so races with nothing. But had
// others gone another way, it might have gone on: as if its look at the condition were a step.
template <int Width>
void Dpor<Width>::look_at_conditions(Execution& execution, ActorSet enabled) {
  for (ActorSet rest = execution.waiting(); rest != 0; rest &= rest - 1) {
    const Actor actor = first_of(rest);
    const Footprint condition = execution.condition(actor);
    const char* const label = execution.label(actor);
    if (conditions_.learn(actor, label, condition)) learned_ = true;
    if ((enabled & only(actor)) != 0) continue;
    const Clock<Width> before = ordered_before(execution, actor, -1, execution.drains(actor));
    find_conflicts(with_condition(actor, label, condition), actor, true);
    for (const std::int16_t earlier : conflicts_) {
      if (before[row(node(earlier).actor)] <= earlier) {
        reverse(earlier, actor, static_cast<int>(depth_), without(earlier, before), true);
      }
    }
  }
}

template <int Width>
Footprint Dpor<Width>::with_condition(int thread, const char* label, Footprint footprint) {
  widened_.assign(footprint.begin(), footprint.end());
  for (const std::uint32_t slot : conditions_.of(thread, label, footprint)) widen(slot, kRead);
  return widened_;
}

// What the step touched, and what it would have touched where it slept.
template <int Width>
Footprint Dpor<Width>::with_sleepers(const Node& here, Footprint footprint) {
  for (std::size_t i = here.sleepers_from; i < sleepers_.size(); ++i) {
    const Sleeper& sleeper = sleepers_[i];
    if (!sleeper.awake || sleeper.actor != here.actor) continue;
    if (footprint.data() != widened_.data()) widened_.assign(footprint.begin(), footprint.end());
    for (std::uint32_t k = sleeper.first; k < sleeper.first + sleeper.count; ++k) {
      widen(touched_[k].slot, touched_[k].touch);
    }
    footprint = widened_;
  }
  return footprint;
}

template <int Width>
void Dpor<Width>::widen(std::uint32_t slot, std::uint8_t touch) {
  const auto touched = ranges::find(widened_, slot, &Access::slot);
  if (touched == widened_.end()) {
    widened_.push_back({slot, touch});
  } else {
    touched->touch |= touch;
  }
}

// What happens before a step that has those conflicts, if `earlier` and what comes of it are left
// out.
template <int Width>
Clock<Width> Dpor<Width>::without(std::int16_t earlier, const Clock<Width>& before) const {
  Clock<Width> clock = before;
  const int row = this->row(node(earlier).actor);
  for (const std::int16_t other : conflicts_) {
    if (other <= earlier) break;
    if (node(other).clock[row] <= earlier) clock.join(node(other).clock);
  }
  return clock;
}

// Plans, at the state before step `earlier`, a run in which a step of `actor` comes first. `upto`
// is where that step is now, or would be; `before` is what is ordered before it.
template <int Width>
void Dpor<Width>::reverse(std::int16_t earlier, Actor actor, int upto, const Clock<Width>& before,
                          bool awaits) {
  Node& there = node(earlier);
  const int other = row(there.actor);
  const ActorSet covered = there.planned | there.asleep;
  Actor first = kNoActor;
  // The actors that can begin the run that leaves out `earlier` and all that comes of it: one of
  // them has to be tried.
  for (int i = earlier + 1; i < upto; ++i) {
    const Node& between = node(i);
    if (between.latest > earlier || between.clock[other] > earlier) continue;
    if ((covered & only(between.actor)) != 0) return;
    if (first == kNoActor) first = between.actor;
  }
  if (before.latest() <= earlier && (!awaits || (there.enabled & only(actor)) != 0)) {
    if ((there.planned & ~there.asleep & only(actor)) != 0) return;
    if ((there.asleep & only(actor)) == 0) {
      first = actor;
    } else if (!meets_its_like(earlier, actor, upto)) {
      return;
    }
  }
  if (first != kNoActor) there.planned |= only(first);
}

// Where `earlier` is left out, the step of `actor` may do other things than it did here: a
// compare-exchange that failed may succeed. If it sleeps there, it is known what it would do: does
// that conflict with what else is left in?
template <int Width>
bool Dpor<Width>::meets_its_like(std::int16_t earlier, Actor actor, int upto) const {
  const auto step = static_cast<std::size_t>(earlier);
  const std::size_t end =
      step + 1 < nodes_.size() ? nodes_[step + 1].sleepers_from : sleepers_.size();
  std::size_t i = nodes_[step].sleepers_from;
  while (i < end && (sleepers_[i].awake || sleepers_[i].actor != actor)) ++i;
  if (i == end) return true;
  for (int k = earlier + 1; k < upto; ++k) {
    const Node& between = node(k);
    if (between.clock[row(nodes_[step].actor)] > earlier) continue;
    if (conflict(sleepers_[i].first, sleepers_[i].count, between)) return true;
  }
  return false;
}

// Whether the step of a node conflicts with so many touches from `first` on.
template <int Width>
bool Dpor<Width>::conflict(std::uint32_t first, std::uint32_t count, const Node& step) const {
  for (std::uint32_t i = first; i < first + count; ++i) {
    const Touched& a = touched_[i];
    if (thread_of(a.actor) == thread_of(step.actor)) return false;
    for (std::uint32_t j = step.first; j < step.first + step.count; ++j) {
      const Touched& b = touched_[j];
      if (a.slot == b.slot && explore::conflict(a.touch, b.touch)) return true;
    }
  }
  return false;
}

template <int Width>
bool Dpor<Width>::grow(Execution& execution) {
  ActorSet enabled = execution.enabled();
  if (execution.threads() * (buffers_ ? 2 : 1) > Width) {
    overflowed_ = true;
    return false;
  }
  const ActorSet held = symmetry_ ? held_back(execution) : 0;
  look_at_conditions(execution, enabled | held);
  if (learned_) return false;
  enabled &= ~held;
  if (enabled == 0) return false;
  Node& grown = nodes_.emplace_back();
  grown.enabled = enabled;
  grown.touched_from = static_cast<std::uint32_t>(touched_.size());
  grown.sleepers_from = static_cast<std::uint32_t>(sleepers_.size());
  grown.others_from = static_cast<std::uint32_t>(others_.size());
  if (nodes_.size() > 1) inherit_sleepers(grown, nodes_[nodes_.size() - 2]);
  const ActorSet awake = enabled & ~grown.asleep;
  if (awake == 0) {
    sleepers_.resize(grown.sleepers_from);
    nodes_.pop_back();
    return false;
  }
  // The same thread goes on if it can: that is no switch.
  Actor actor = first_of(awake);
  if (nodes_.size() <= prefix_.size()) {
    actor = prefix_[nodes_.size() - 1].actor;
    grown.picks = Picks{prefix_[nodes_.size() - 1].value};
  } else if (nodes_.size() > 1) {
    const Actor running = nodes_[nodes_.size() - 2].actor;
    if ((awake & only(running)) != 0) actor = running;
  }
  grown.actor = actor;
  grown.planned = only(actor);
  return true;
}

// Of equal threads, one may begin only when the one before it has begun: any run is such a one
// under other names.
template <int Width>
ActorSet Dpor<Width>::held_back(const Execution& execution) const {
  ActorSet held = 0;
  for (int t = 1; t < execution.threads(); ++t) {
    const int twin = execution.twin_before(t);
    if (twin >= 0 && first_step_[static_cast<std::size_t>(twin)] == 0) {
      held |= only(static_cast<Actor>(t)) | only(flush_of(t));
    }
  }
  return held;
}

// A step that was not taken before is about to be.
template <int Width>
void Dpor<Width>::prepare(Execution& execution, Node& here) {
  here.awaits =
      (execution.waiting() & only(here.actor)) != 0 ? execution.label(here.actor) : nullptr;
  here.drains = !is_flush(here.actor) && execution.drains(here.actor);
  here.put_at = is_flush(here.actor) ? execution.put_at(thread_of(here.actor)) : -1;
  execution.note_footprints(true);
}

template <int Width>
void Dpor<Width>::inherit_sleepers(Node& grown, const Node& parent) {
  for (std::uint32_t i = parent.sleepers_from; i < grown.sleepers_from; ++i) {
    Sleeper sleeper = sleepers_[i];
    if (sleeper.awake && sleeper.actor == parent.actor) continue;
    if (!sleeper.awake && conflict(sleeper.first, sleeper.count, parent)) {
      // A step that touches one variable touches it in any case.
      if (sleeper.count < 2) continue;
      sleeper.awake = true;
    }
    sleepers_.push_back(sleeper);
    if (!sleeper.awake) grown.asleep |= only(sleeper.actor);
  }
}

// What a step touches can depend on what it chooses: all of it, whatever it chose, is kept.
template <int Width>
void Dpor<Width>::keep_footprint(const Node& last) {
  for (std::uint32_t i = last.first; i < last.first + last.count; ++i) {
    const Touched& touched = touched_[i];
    const auto known =
        std::find_if(others_.begin() + last.others_from, others_.end(),
                     [&](const Access& access) { return access.slot == touched.slot; });
    if (known == others_.end()) {
      others_.push_back({touched.slot, touched.touch});
    } else {
      known->touch |= touched.touch;
    }
  }
}

// All ways of the step were tried.
template <int Width>
void Dpor<Width>::put_to_sleep(Node& last) {
  if (others_.size() > last.others_from) {
    keep_footprint(last);
    touched_.resize(last.first);
    for (std::size_t i = last.others_from; i < others_.size(); ++i) {
      touched_.push_back({others_[i].slot, others_[i].touch, last.actor, 0, -1});
    }
    last.count = static_cast<std::uint32_t>(touched_.size()) - last.first;
    others_.resize(last.others_from);
  }
  last.asleep |= only(last.actor);
  sleepers_.push_back({last.actor, false, last.first, last.count});
}

template <int Width>
bool Dpor<Width>::backtrack() {
  while (nodes_.size() > prefix_.size()) {
    Node& last = nodes_.back();
    const auto step = static_cast<std::uint32_t>(nodes_.size() - 1);
    if (known_ > step) {  // Forget the step.
      for (std::uint32_t i = last.count; i-- > 0;) {
        const Touched& touched = touched_[last.first + i];
        latest_touch_[touched.slot] = touched.previous;
      }
      latest_step_[static_cast<std::size_t>(row(last.actor))] = last.previous;
      std::int16_t& first = first_step_[static_cast<std::size_t>(thread_of(last.actor))];
      if (first == static_cast<std::int16_t>(step + 1)) first = 0;
    }
    known_ = step;
    depth_ = 0;
    if (last.picks.advance()) {
      keep_footprint(last);
      touched_.resize(last.first);
      return true;
    }
    put_to_sleep(last);
    if (const ActorSet left = last.planned & ~last.asleep; left != 0) {
      last.actor = first_of(left);
      last.picks = {};
      last.count = 0;
      return true;
    }
    touched_.resize(last.touched_from);
    sleepers_.resize(last.sleepers_from);
    nodes_.pop_back();
  }
  return false;
}

template class Dpor<8>;
template class Dpor<16>;
template class Dpor<64>;

namespace {

enum class Searched { everything, more_threads_than_rows };

template <int Width>
Searched search(Exploration& exploration) {
  Conditions conditions;
  for (;;) {
    Dpor<Width> search{exploration, conditions};
    const bool heavy = exploration.execution().met_heavy_fence();
    exploration.note_heavy_fences(heavy);
    do {
      exploration.execution().note_footprints(false);
      exploration.run(search);
      search.ended(exploration.execution());
      if (exploration.execution().met_heavy_fence() != heavy) search.learn();
    } while (!exploration.stopped() && !search.overflowed() && !search.learned() &&
             search.backtrack());
    if (search.overflowed()) return Searched::more_threads_than_rows;
    if (exploration.stopped() || !search.learned()) return Searched::everything;
    exploration.start_over();
  }
}

}  // namespace

Coverage search_dpor(Exploration& exploration) {
  // Narrow clocks are faster; how many threads there are shows only when they are started.
  if (search<8>(exploration) == Searched::everything) return {};
  exploration.start_over();
  if (search<16>(exploration) == Searched::everything) return {};
  exploration.start_over();
  search<64>(exploration);
  return {};
}

}  // namespace lab::explore
