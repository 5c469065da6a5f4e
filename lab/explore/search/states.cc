// Each state once: a run is given up where another has been. A state is what the variables and the
// buffers hold, and where each thread stands: programs are deterministic, so that is a function of
// what the thread has read since its operation began.

#include <algorithm>
#include <bit>
#include <span>

#include <fmt/format.h>

#include "lab/explore/search/depth_first_tree.h"
#include "lab/explore/search/state_set.h"

namespace lab::explore {
namespace {

struct StateStep : Branch {
  Hash128 state;
  ActorSet enabled;

  void take_next() { take(static_cast<Actor>(std::countr_zero(untried))); }
};

class States : public DepthFirstTree<StateStep> {
 public:
  explicit States(bool symmetry) : symmetry_(symmetry) {}

  Actor next(Execution& execution) override {
    if (depth_ == nodes_.size() && !grow(execution)) return kNoActor;
    return nodes_[depth_++].actor;
  }

  bool backtrack() {
    repeated_ = false;
    return DepthFirstTree::backtrack();
  }

  /// Whether the latest run ended where another had been.
  [[nodiscard]] bool repeated() const { return repeated_; }
  /// Whether the latest run came back to a state of its own, and might go round for ever: each
  /// thread that could always have taken a step did take one.
  [[nodiscard]] bool goes_round() const {
    if (!repeated_ || symmetry_) return false;
    ActorSet always = ~ActorSet{0};
    ActorSet acted = 0;
    for (const StateStep& node : round()) {
      always &= node.enabled;
      acted |= only(node.actor);
    }
    return acted != 0 && (always & ~acted) == 0;
  }
  /// The threads that go round, with their labels.
  [[nodiscard]] std::string who_goes_round(const Execution& execution) const {
    ActorSet acted = 0;
    for (const StateStep& node : round()) acted |= only(static_cast<Actor>(thread_of(node.actor)));
    std::string text;
    for (; acted != 0; acted &= acted - 1) {
      const int t = std::countr_zero(acted);
      text += fmt::format("{}{} goes round at \"{}\"", text.empty() ? "" : "; ", execution.name(t),
                          execution.label(t));
    }
    return text;
  }
  [[nodiscard]] std::size_t size() const { return seen_.size(); }

 private:
  // The steps since the run was first in the state that it ended in; none if that was another run.
  [[nodiscard]] std::span<const StateStep> round() const {
    std::size_t from = nodes_.size();
    while (from > 0 && nodes_[from - 1].state != state_) --from;
    return from == 0 ? std::span<const StateStep>{} : std::span(nodes_).subspan(from - 1);
  }

  bool grow(Execution& execution) {
    state_ = execution.state(symmetry_);
    const ActorSet enabled = execution.enabled();
    if (!seen_.insert(state_)) {
      repeated_ = true;
      return false;
    }
    if (enabled == 0) return false;
    nodes_.push_back({{enabled, kNoActor}, state_, enabled});
    nodes_.back().take_next();
    return true;
  }

  const bool symmetry_;
  StateSet seen_;
  Hash128 state_;
  bool repeated_ = false;
};

}  // namespace

Coverage search_states(Exploration& exploration) {
  Execution& execution = exploration.execution();
  execution.note_footprints(false);
  execution.note_histories(true);
  States search{exploration.options().symmetry};
  exploration.counts = [&] { return !search.repeated() || !execution.violations().empty(); };
  do {
    const bool goes_on = exploration.run(search);
    exploration.count_states(search.size());
    if (search.goes_round()) {
      exploration.book(Failure::Kind::livelock, search.who_goes_round(execution), search);
    }
    if (!goes_on || exploration.stopped()) break;
  } while (search.backtrack());
  return {};
}

}  // namespace lab::explore
