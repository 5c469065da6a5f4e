// Every run, or every run with few preemptions, in depth-first order.

#include <bit>
#include <limits>
#include <vector>

#include "lab/explore/exploration.h"

namespace lab::explore {
namespace {

constexpr std::uint32_t kUnbounded = std::numeric_limits<std::uint32_t>::max();

class DepthFirst : public Chooser {
 public:
  /// Runs with at most so many preemptions.
  explicit DepthFirst(std::uint32_t bound) : bound_(bound) {}

  Actor next(Execution& execution) override {
    if (depth_ == nodes_.size()) {
      const ActorSet enabled = execution.enabled();
      if (enabled == 0) return kNobody;
      grow(enabled);
    }
    return nodes_[depth_++].actor;
  }

  std::uint32_t value(Execution&, std::uint32_t count) override {
    Node& node = nodes_[depth_ - 1];
    node.values = count;
    return node.value;
  }

  Schedule schedule() const override {
    Schedule schedule;
    for (const Node& node : nodes_) schedule.push_back({node.actor, node.value});
    return schedule;
  }

  /// On to the next run. False: that was the last.
  bool backtrack() {
    depth_ = 0;
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

  [[nodiscard]] std::uint32_t preemptions() const {
    return nodes_.empty() ? 0 : nodes_.back().preemptions;
  }
  /// Whether the bound has kept anything from being tried.
  [[nodiscard]] bool withheld() const { return withheld_; }

 private:
  struct Node {
    ActorSet untried;
    ActorSet preempting;  // to let one of these on is a preemption
    Actor running;        // the thread that took the latest step
    Actor actor;
    std::uint32_t preemptions;  // up to and with this step
    std::uint32_t before;
    std::uint32_t value;
    std::uint32_t values;
  };

  // A preemption is to let another thread on while the running one could go on. Store buffers let stores out
  // when they like.
  void grow(ActorSet enabled) {
    Actor running = kNobody;
    std::uint32_t preemptions = 0;
    if (!nodes_.empty()) {
      const Node& last = nodes_.back();
      running = is_flush(last.actor) ? last.running : last.actor;
      preemptions = last.preemptions;
    }
    ActorSet preempting = 0;
    if (running != kNobody && (enabled & only(running)) != 0) {
      const ActorSet threads = (ActorSet{1} << kMaxThreads) - 1;
      preempting = enabled & threads & ~only(running);
    }
    if (preemptions == bound_ && preempting != 0) {
      withheld_ = true;
      enabled &= ~preempting;
    }
    nodes_.push_back({enabled, preempting, running, kNobody, preemptions, preemptions, 0, 1});
    take(nodes_.back());
  }

  static void take(Node& node) {
    // Whoever is running goes on first.
    const bool stays = node.running != kNobody && (node.untried & only(node.running)) != 0;
    node.actor = stays ? node.running : static_cast<Actor>(std::countr_zero(node.untried));
    node.untried &= ~only(node.actor);
    node.preemptions = node.before + ((node.preempting & only(node.actor)) != 0 ? 1 : 0);
    node.value = 0;
    node.values = 1;
  }

  const std::uint32_t bound_;
  std::vector<Node> nodes_;
  std::size_t depth_ = 0;
  bool withheld_ = false;
};

}  // namespace

Coverage search_depth_first(Exploration& exploration) {
  exploration.execution().note_footprints(false);
  if (exploration.options().search == Search::naive) {
    DepthFirst search{kUnbounded};
    while (exploration.run(search) && search.backtrack()) {
    }
    return {};
  }
  const std::uint32_t bound = exploration.options().bound;
  for (std::uint32_t preemptions = 0;; ++preemptions) {
    DepthFirst search{preemptions};
    // Those with fewer were booked before.
    exploration.counts = [&] { return search.preemptions() == preemptions; };
    while (exploration.run(search) && search.backtrack()) {
    }
    exploration.counts = nullptr;
    if (exploration.stopped() || !search.withheld()) return {};
    if (preemptions == bound) return {.kind = Coverage::Kind::bounded, .preemptions = bound};
  }
}

}  // namespace lab::explore
