// The branches of a search in depth-first order: which one it took at each step, and which it has
// yet to try.
#pragma once

#include <cstdint>
#include <vector>

#include "lab/explore/search/exploration.h"

namespace lab::explore {

/// One step of a run that a search can vary.
struct Branch {
  ActorSet untried;
  Actor actor;  ///< takes the step
  Picks picks = {};

  /// From now on `next` takes the step.
  void take(Actor next) {
    actor = next;
    untried &= ~only(next);
    picks = {};
  }
};

/// Keeps the steps of the latest run. `Node` is a Branch, with take_next(), which takes one of the
/// untried.
template <typename Node>
class DepthFirstTree : public Chooser {
 public:
  std::uint32_t value(Execution& execution, std::uint32_t count) override {
    return nodes_[depth_ - 1].picks.take(execution.digit(), count);
  }

  Schedule schedule() const override {
    Schedule schedule;
    for (std::size_t i = 0; i < depth_; ++i) {
      schedule.push_back({nodes_[i].actor, nodes_[i].picks.value()});
    }
    return schedule;
  }

  /// On to the next run. False: that was the last.
  bool backtrack() {
    depth_ = 0;
    while (!nodes_.empty()) {
      Node& node = nodes_.back();
      if (node.picks.advance()) return true;
      if (node.untried != 0) {
        node.take_next();
        return true;
      }
      nodes_.pop_back();
    }
    return false;
  }

 protected:
  std::vector<Node> nodes_;
  std::size_t depth_ = 0;
};

}  // namespace lab::explore
