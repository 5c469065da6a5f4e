// Every run, or every run with few preemptions, in depth-first order.

#include <bit>
#include <limits>

#include "lab/explore/search/depth_first_tree.h"

namespace lab::explore {
namespace {

constexpr std::uint32_t kUnbounded = std::numeric_limits<std::uint32_t>::max();

struct ScheduledStep : Branch {
  ActorSet preempting;        // to let one of these on is a preemption
  Actor running;              // the thread that took the latest step
  std::uint32_t preemptions;  // up to and with this step
  std::uint32_t before;

  void take_next() {
    // The thread that is running goes on first.
    const bool stays = running != kNoActor && (untried & only(running)) != 0;
    take(stays ? running : static_cast<Actor>(std::countr_zero(untried)));
    preemptions = before + ((preempting & only(actor)) != 0 ? 1 : 0);
  }
};

class DepthFirst : public DepthFirstTree<ScheduledStep> {
 public:
  /// Runs with at most so many preemptions.
  explicit DepthFirst(std::uint32_t bound) : bound_(bound) {}

  Actor next(Execution& execution) override {
    if (depth_ == nodes_.size()) {
      const ActorSet enabled = execution.enabled();
      if (enabled == 0) return kNoActor;
      grow(enabled);
    }
    return nodes_[depth_++].actor;
  }

  [[nodiscard]] std::uint32_t preemptions() const {
    return nodes_.empty() ? 0 : nodes_.back().preemptions;
  }
  /// Whether the bound has kept anything from being tried.
  [[nodiscard]] bool withheld() const { return withheld_; }

 private:
  // A preemption is to let another thread on while the running one could go on. Store buffers let
  // stores out when they like.
  void grow(ActorSet enabled) {
    Actor running = kNoActor;
    std::uint32_t preemptions = 0;
    if (!nodes_.empty()) {
      const ScheduledStep& last = nodes_.back();
      running = is_flush(last.actor) ? last.running : last.actor;
      preemptions = last.preemptions;
    }
    ActorSet preempting = 0;
    if (running != kNoActor && (enabled & only(running)) != 0) {
      const ActorSet threads = (ActorSet{1} << kMaxThreads) - 1;
      preempting = enabled & threads & ~only(running);
    }
    if (preemptions == bound_ && preempting != 0) {
      withheld_ = true;
      enabled &= ~preempting;
    }
    nodes_.push_back({{enabled, kNoActor}, preempting, running, preemptions, preemptions});
    nodes_.back().take_next();
  }

  const std::uint32_t bound_;
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
