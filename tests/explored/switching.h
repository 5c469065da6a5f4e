// Two threads of control, of which one runs at a time, and that change places where a run says so.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cleave/detail/explored.h>

#include "tests/explored/fiber.h"

namespace cleave::detail {

/// The machine that a run believes itself on.
struct Machine {
  bool has_membarrier = true;
  std::string left_out;  ///< the fence, wait or re-check that the engine leaves out
};

/// What one thread of control does: `prepare` without interruption, the first thread first; then
/// `race`.
struct Racer {
  std::function<void()> prepare;
  std::function<void()> race;
};

/// One run. The first thread takes turns[0] steps, then the second turns[1], then the first
/// turns[2]; after the last turn the other thread goes on to its end. A thread that must wait lets
/// the other run; one that has ended does so for good.
///
/// Each thread has a store buffer, as processors have: of a store that no other store, no atomic
/// update, no lock and no fence follows yet, the other thread sees nothing, while later loads go
/// ahead.
class Switching final : public sync::Scheduler {
 public:
  Switching(Machine machine, std::vector<unsigned> turns)
      : machine_(std::move(machine)), turns_(std::move(turns)) {}

  void run(const std::array<Racer, 2>& racers) {
    Scheduler* const previous = sync::install(this);
    for (current_ = 0; current_ < sides_.size(); ++current_) {
      racers[current_].prepare();
      me().fiber.begin([this, &racer = racers[current_]] { live(racer); });
    }
    racing_ = true;
    current_ = 0;
    outside_.hand_over_to(me().fiber);
    racing_ = false;
    (void)sync::install(previous);
  }

  /// The first turn that was not taken in full, because both threads came to their ends.
  [[nodiscard]] std::optional<std::size_t> cut_short() const {
    return turn_ < turns_.size() ? std::optional(turn_) : std::nullopt;
  }

  void announce(const sync::Operation& operation) override {
    if (!racing_) return;
    await_turn(operation);
    order(operation);
  }
  bool performs(const char* name) override { return machine_.left_out != name; }
  bool delays(const sync::DelayedStore& store) override {
    if (racing_) me().delayed = store;
    return racing_;
  }
  std::uint64_t self() override { return current_; }

 private:
  struct Side {
    Fiber fiber;
    const sync::Operation* next = nullptr;  ///< what it is about to do
    std::optional<sync::DelayedStore> delayed;
    bool ended = false;

    [[nodiscard]] bool can_go_on() const {
      return !ended &&
             (next == nullptr || next->enabled == nullptr || next->enabled(next->context));
    }
    void let_out() {
      if (delayed) delayed->perform(delayed->address, delayed->bits);
      delayed.reset();
    }
  };
  Side& me() { return sides_[current_]; }
  Side& other() { return sides_[1 - current_]; }

  void live(const Racer& racer) {
    racer.race();
    me().let_out();
    me().ended = true;
    if (!other().ended) change_places();
    me().fiber.hand_over_to(outside_);
  }

  void change_places() {
    Side& from = me();
    current_ = 1 - current_;
    from.fiber.hand_over_to(me().fiber);
  }

  // Returns when the thread may do what it is about to do.
  void await_turn(const sync::Operation& operation) {
    me().next = &operation;
    if (turn_ < turns_.size() && taken_ == turns_[turn_]) {
      ++turn_;
      taken_ = 0;
      if (other().can_go_on()) change_places();
    }
    while (!me().can_go_on()) {
      if (!other().can_go_on()) {  // what they wait for may be in a store buffer
        me().let_out();
        other().let_out();
      }
      if (other().can_go_on()) {
        change_places();
      } else if (!me().can_go_on()) {
        std::abort();  // a deadlock
      }
    }
    me().next = nullptr;
    ++taken_;
  }

  // What the operation does to the store buffers before it is performed.
  void order(const sync::Operation& operation) {
    switch (operation.kind) {
      case sync::Kind::load:
      case sync::Kind::wait:
        if (me().delayed && me().delayed->address == operation.address) me().let_out();
        return;
      case sync::Kind::memory_load:
        return;
      case sync::Kind::fence: {
        if (!performs(operation.name)) return;
        const bool heavy = operation.order == std::memory_order_seq_cst;
        if (heavy || !machine_.has_membarrier) me().let_out();
        if (heavy && machine_.has_membarrier) other().let_out();
        return;
      }
      default:
        me().let_out();
    }
  }

  Machine machine_;
  std::vector<unsigned> turns_;
  std::size_t turn_ = 0;
  unsigned taken_ = 0;  // steps of this turn
  bool racing_ = false;
  std::size_t current_ = 0;
  std::array<Side, 2> sides_;
  Fiber outside_;
};

/// Lists of turns, each thread changing its place `changes` times, in order, until all have been
/// tried.
class AllTurns {
 public:
  explicit AllTurns(std::size_t changes) : turns_(changes, 1) { turns_[0] = 0; }

  [[nodiscard]] const std::vector<unsigned>& turns() const { return turns_; }
  /// The next, after a run in which the turn `cut_short` was not taken in full: longer ones are the
  /// same. False: no more.
  bool next(std::optional<std::size_t> cut_short) {
    std::size_t longer = turns_.size() - 1;
    if (cut_short) {
      if (*cut_short == 0) return false;
      longer = *cut_short - 1;
    }
    ++turns_[longer];
    for (std::size_t i = longer + 1; i < turns_.size(); ++i) turns_[i] = 1;
    return true;
  }

 private:
  std::vector<unsigned> turns_;
};

}  // namespace cleave::detail
