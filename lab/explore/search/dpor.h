// Dynamic partial-order reduction: of all runs that differ in the order of independent steps only,
// one.
//
// P. Abdulla, S. Aronis, B. Jonsson, K. Sagonas, "Optimal Dynamic Partial Order Reduction", POPL
// 2014: the algorithm with source sets. Runs are made in depth-first order. A step that has
// happened is compared with the earlier steps that it races with: dependent, of another thread, and
// with nothing between them that orders them. If the earlier state has not planned any run in which
// the race goes the other way, it plans one. What was tried at a state sleeps below its other
// branches until a step that it depends on: what begins with it has been seen.
#pragma once

#include <span>
#include <vector>

#include "lab/explore/search/clock.h"
#include "lab/explore/search/exploration.h"

namespace lab::explore {

/// Which variables the conditions of awaits read. What a condition looks at can depend on what it
/// finds ("x == 1 || y == 1"), but a step's footprint must not depend on how it came to be
/// possible. So an await is taken to read all that its condition was ever seen to read; when more
/// is seen, the search begins again.
class Conditions {
 public:
  /// Adds what a condition reads. True: that is more than was known.
  bool learn(int thread, const char* label, Footprint read);
  /// What is known that the condition reads which begins to read so.
  [[nodiscard]] std::span<const std::uint32_t> of(int thread, const char* label,
                                                  Footprint read) const;

 private:
  // One label may wait for many a lock: what is read first depends on nothing that was read, and
  // tells them apart.
  struct Condition {
    int thread;
    const char* label;
    std::vector<std::uint32_t> slots;
    [[nodiscard]] bool is(int by, const char* at, Footprint read) const {
      return thread == by && label == at && slots.front() == read.front().slot;
    }
  };
  std::vector<Condition> conditions_;
};

template <int Width>
class Dpor : public Chooser {
 public:
  Dpor(Exploration& exploration, Conditions& conditions);

  Actor next(Execution& execution) override;
  std::uint32_t value(Execution& execution, std::uint32_t count) override;
  Schedule schedule() const override;

  /// A run is over. Where it was stopped in the middle of a step, nobody has asked for the next.
  void ended(Execution& execution) {
    if (depth_ > known_) happened(execution);
  }
  /// On to the next run. False: that was the last.
  bool backtrack();
  /// The program has more threads than a clock has rows.
  [[nodiscard]] bool overflowed() const { return overflowed_; }
  /// The search knows more of conditions than when it began, and has to begin again.
  [[nodiscard]] bool learned() const { return learned_; }
  /// Says so: of something else.
  void learn() { learned_ = true; }

 private:
  // A touch of a variable by a step, and the one before it of the same variable.
  struct Touched {
    std::uint32_t slot;
    std::uint8_t touch;
    Actor actor;
    std::int16_t step;
    std::int32_t previous;
  };
  // Who need not be tried, and what it would touch. Once it is awake, that is still kept until it
  // takes its step: where what a step touches depends on what it finds, it may touch less now, but
  // what it would have touched elsewhere has to be ordered with it too, or the runs in between
  // would be taken for one.
  struct Sleeper {
    Actor actor;
    bool awake;
    std::uint32_t first;
    std::uint32_t count;
  };
  // A state, and the step that is taken from it.
  struct Node {
    ActorSet enabled = 0;
    ActorSet planned = 0;
    ActorSet asleep = 0;  // and those that have been tried
    std::uint32_t touched_from = 0;
    std::uint32_t sleepers_from = 0;
    Picks picks;
    std::uint32_t others_from = 0;  // what it touched where it chose otherwise
    std::uint32_t first = 0;        // what the step touched
    std::uint32_t count = 0;
    std::int32_t put_at = -1;   // a flush: its thread's latest step when the store was put
    std::int16_t previous = 0;  // 1 + the actor's step before
    std::int16_t latest = 0;    // 1 + the latest step that happened before it
    Actor actor = kNoActor;
    const char* awaits = nullptr;  // an await: its label
    bool drains = false;
    Clock<Width> clock;  // with the step itself
  };

  void happened(Execution& execution);
  bool grow(Execution& execution);
  void inherit_sleepers(Node& grown, const Node& parent);
  void keep_footprint(const Node& last);
  void put_to_sleep(Node& last);
  [[nodiscard]] ActorSet held_back(const Execution& execution) const;
  void prepare(Execution& execution, Node& here);
  Clock<Width> ordered_before(const Execution& execution, Actor actor, std::int32_t put_at,
                              bool drains) const;
  void find_conflicts(Footprint footprint, Actor actor, bool all);
  void look_at_conditions(Execution& execution, ActorSet enabled);
  Footprint with_condition(int thread, const char* label, Footprint footprint);
  Footprint with_sleepers(const Node& here, Footprint footprint);
  void widen(std::uint32_t slot, std::uint8_t touch);
  void reverse(std::int16_t earlier, Actor actor, int upto, const Clock<Width>& before,
               bool awaits);
  [[nodiscard]] bool meets_its_like(std::int16_t earlier, Actor actor, int upto) const;
  [[nodiscard]] bool conflict(std::uint32_t first, std::uint32_t count, const Node& step) const;
  [[nodiscard]] Clock<Width> without(std::int16_t earlier, const Clock<Width>& before) const;
  [[nodiscard]] int row(Actor actor) const { return row_of(actor, buffers_); }
  Node& node(int step) { return nodes_[static_cast<std::size_t>(step)]; }
  [[nodiscard]] const Node& node(int step) const { return nodes_[static_cast<std::size_t>(step)]; }

  const bool buffers_;
  const bool symmetry_;
  const Schedule& prefix_;  // what every run begins with
  Conditions& conditions_;
  std::vector<Access> widened_;  // a footprint with what its condition may read
  std::vector<Node> nodes_;
  std::size_t depth_ = 0;
  std::size_t known_ = 0;  // so many steps of this run were looked at in runs before
  std::vector<Touched> touched_;
  std::vector<std::int32_t> latest_touch_;  // by slot
  std::vector<Sleeper> sleepers_;
  std::vector<Access> others_;
  std::vector<std::int16_t> conflicts_;         // steps, the latest first
  std::array<std::int16_t, 64> latest_step_{};  // by row: 1 + its latest step
  std::array<std::int16_t, kMaxThreads>
      first_step_{};  // 1 + the first step of each thread or its buffer
  bool overflowed_ = false;
  bool learned_ = false;
};

}  // namespace lab::explore
