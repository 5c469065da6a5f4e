// Each state once: a run is given up where another has been. A state is what the variables and the buffers hold,
// and where each thread stands: programs are deterministic, so that is a function of what the thread has read
// since its operation began.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <span>
#include <vector>

#include "lab/explore/exploration.h"
#include "lab/explore/state_set.h"

namespace lab::explore {
namespace {

class States : public Chooser {
 public:
  explicit States(bool symmetry) : symmetry_(symmetry) {}

  Actor next(Execution& execution) override {
    if (depth_ == nodes_.size() && !grow(execution)) return kNobody;
    return nodes_[depth_++].actor;
  }

  std::uint32_t value(Execution&, std::uint32_t count) override {
    Node& node = nodes_[depth_ - 1];
    node.values = count;
    return node.value;
  }

  Schedule schedule() const override {
    Schedule schedule;
    for (std::size_t i = 0; i < depth_; ++i) schedule.push_back({nodes_[i].actor, nodes_[i].value});
    return schedule;
  }

  bool backtrack() {
    depth_ = 0;
    repeated_ = false;
    while (!nodes_.empty()) {
      Node& node = nodes_.back();
      if (++node.value < node.values) return true;
      if (node.untried != 0) {
        take(node);
        return true;
      }
      nodes_.pop_back();
    }
    return false;
  }

  /// Whether the latest run ended where another had been.
  [[nodiscard]] bool repeated() const { return repeated_; }
  /// Whether the latest run came back to a state of its own, and might go round for ever: everyone who could always
  /// have taken a step did take one.
  [[nodiscard]] bool goes_round() const {
    if (!repeated_ || symmetry_) return false;
    ActorSet always = ~ActorSet{0};
    ActorSet acted = 0;
    for (const Node& node : round()) {
      always &= node.enabled;
      acted |= only(node.actor);
    }
    return acted != 0 && (always & ~acted) == 0;
  }
  /// The threads that go round, with their labels.
  [[nodiscard]] std::string who_goes_round(const Execution& execution) const {
    ActorSet acted = 0;
    for (const Node& node : round()) acted |= only(static_cast<Actor>(thread_of(node.actor)));
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
  struct Node {
    Hash128 state;
    ActorSet enabled;
    ActorSet untried;
    Actor actor;
    std::uint32_t value;
    std::uint32_t values;
  };

  // The steps since the run was first in the state that it ended in; none if that was another run.
  [[nodiscard]] std::span<const Node> round() const {
    std::size_t from = nodes_.size();
    while (from > 0 && nodes_[from - 1].state != state_) --from;
    return from == 0 ? std::span<const Node>{} : std::span(nodes_).subspan(from - 1);
  }

  bool grow(Execution& execution) {
    state_ = execution.state(symmetry_);
    const ActorSet enabled = execution.enabled();
    if (!seen_.insert(state_)) {
      repeated_ = true;
      return false;
    }
    if (enabled == 0) return false;
    nodes_.push_back({state_, enabled, enabled, kNobody, 0, 1});
    take(nodes_.back());
    return true;
  }

  static void take(Node& node) {
    node.actor = static_cast<Actor>(std::countr_zero(node.untried));
    node.untried &= ~only(node.actor);
    node.value = 0;
    node.values = 1;
  }

  const bool symmetry_;
  StateSet seen_;
  std::vector<Node> nodes_;
  std::size_t depth_ = 0;
  Hash128 state_;
  bool repeated_ = false;
};

}  // namespace

Coverage search_states(Exploration& exploration) {
  Execution& execution = exploration.execution();
  execution.note_footprints(false);
  execution.note_histories(true);
  States search{exploration.options().symmetry};
  exploration.counts = [&] { return !search.repeated() || !execution.breaches().empty(); };
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
