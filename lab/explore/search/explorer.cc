#include "lab/explore/search/explorer.h"

#include <fmt/format.h>

#include "lab/explore/search/clock.h"
#include "lab/explore/search/exploration.h"
#include "lab/words/counted.h"

namespace lab::explore {

const char* name(Failure::Kind kind) {
  switch (kind) {
    case Failure::Kind::broken:
      return "broken";
    case Failure::Kind::deadlock:
      return "deadlock";
    case Failure::Kind::livelock:
      return "livelock";
    case Failure::Kind::too_long:
      return "too long";
  }
  return "";
}

std::string Coverage::text() const {
  switch (kind) {
    case Kind::exhaustive:
      return "exhaustive";
    case Kind::bounded:
      return "exhaustive up to " + words::counted(preemptions, "preemption");
    case Kind::sampled:
      return fmt::format("{}, seed {}", words::counted(runs, "random run"), seed);
    case Kind::stopped:
      return fmt::format("stopped {}", stopped_by);
  }
  return "";
}

const Seen* Result::find(const Outcome& outcome) const {
  for (const Seen& seen : outcomes) {
    if (seen.outcome == outcome) return &seen;
  }
  return nullptr;
}

namespace {

std::optional<Refusal> refusal(const Options& options) {
  if (options.max_steps == 0 || options.max_steps > kMostSteps) {
    return Refusal{fmt::format("a run can be bounded to 1 to {} steps, not to {}", kMostSteps,
                               options.max_steps)};
  }
  if (options.symmetry && options.search != Search::dpor && options.search != Search::states) {
    return Refusal{
        "equal threads are taken for one another by the searches dpor and states only: choose one "
        "of them, or explore without symmetry"};
  }
  if (options.symmetry && options.search == Search::states && options.memory == Memory::ra) {
    return Refusal{
        "under ra a state has in it who stored what, so threads that are equal are told apart: "
        "explore without symmetry, or search by dpor"};
  }
  if (!options.prefix.empty() && options.search != Search::dpor) {
    return Refusal{"only the search dpor can keep to a prefix"};
  }
  if (!options.prefix.empty() && options.symmetry) {
    return Refusal{"a prefix names threads, and symmetry takes them for one another: choose one"};
  }
  if (options.search == Search::pct && options.bound == 0) {
    return Refusal{"pct needs a depth of 1 at least"};
  }
  return std::nullopt;
}

}  // namespace

tl::expected<Result, Refusal> explore(const Factory& factory, const Options& options) {
  if (auto refused = refusal(options)) return tl::unexpected(*refused);
  Exploration exploration{factory, options};
  switch (options.search) {
    case Search::dpor:
      return exploration.finish(search_dpor(exploration));
    case Search::states:
      return exploration.finish(search_states(exploration));
    case Search::random:
    case Search::pct:
      return exploration.finish(search_random(exploration));
    default:
      return exploration.finish(search_depth_first(exploration));
  }
}

}  // namespace lab::explore
