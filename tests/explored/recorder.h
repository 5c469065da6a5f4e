// Schedulers for tests: one that writes down what is announced, and one that lets threads of
// control take turns.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <cleave/detail/explored.h>

#include "tests/explored/fiber.h"

namespace cleave::detail {

/// Writes down every operation of the one thread that runs.
class Recorder : public sync::Scheduler {
 public:
  struct Line {
    sync::Kind kind;
    std::uint64_t location;
    std::uint64_t argument;
    std::string name;
    friend bool operator==(const Line&, const Line&) = default;
  };

  Recorder() : previous_(sync::install(this)) {}
  ~Recorder() override { (void)sync::install(previous_); }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void announce(const sync::Operation& operation) override {
    if (before_each) before_each(operation);
    lines.push_back({operation.kind, operation.location, operation.argument, operation.name});
  }
  bool performs(const char* name) override {
    const bool yes = left_out.count(name) == 0;
    if (!yes) skipped.emplace_back(name);
    return yes;
  }
  std::uint64_t self() override { return who; }

  std::uint64_t who = 0;  ///< a test may pretend to be another thread
  std::vector<Line> lines;
  std::set<std::string> left_out;
  std::vector<std::string> skipped;
  std::function<void(const sync::Operation&)> before_each;

 private:
  Scheduler* previous_;
};

/// Threads of control, of which one runs at a time; at every announcement chance chooses who goes
/// on. How often it changes its mind follows from the seed too: some orders are woven finely, in
/// others a thread stands still, in the middle of anything, for a long time.
class TakingTurns final : public sync::Scheduler {
 public:
  explicit TakingTurns(std::uint64_t seed) : random_(seed), patience_(1u << (2 * (seed % 4))) {}

  /// Runs all bodies to their ends. A deadlock stops the program.
  void run(const std::vector<std::function<void()>>& bodies) {
    Scheduler* const previous = sync::install(this);
    for (const auto& body : bodies) {
      threads_.push_back(std::make_unique<Thread>());
      threads_.back()->fiber.begin([this, &body] { live(body); });
    }
    current_ = *choose();
    outside_.hand_over_to(threads_[current_]->fiber);
    (void)sync::install(previous);
  }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

  void announce(const sync::Operation& operation) override {
    threads_[current_]->next = &operation;
    go_on_with(*choose());
    threads_[current_]->next = nullptr;
    ++steps_;
  }
  bool performs(const char*) override { return true; }
  std::uint64_t self() override { return current_; }

 private:
  struct Thread {
    Fiber fiber;
    const sync::Operation* next = nullptr;  ///< what it is about to do; null: it has not begun
    bool ended = false;
  };

  void live(const std::function<void()>& body) {
    body();
    threads_[current_]->ended = true;
    if (const auto next = choose()) go_on_with(*next);
    threads_[current_]->fiber.hand_over_to(outside_);
  }

  void go_on_with(std::size_t next) {
    if (next == current_) return;
    Thread& from = *threads_[current_];
    current_ = next;
    from.fiber.hand_over_to(threads_[next]->fiber);
  }

  // One of those whose operation can be performed; nothing: all have ended.
  std::optional<std::size_t> choose() {
    std::vector<std::size_t> enabled;
    bool any = false;
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      if (threads_[i]->ended) continue;
      any = true;
      const sync::Operation* next = threads_[i]->next;
      if (next == nullptr || next->enabled == nullptr || next->enabled(next->context))
        enabled.push_back(i);
    }
    if (!any) return std::nullopt;
    if (enabled.empty()) std::abort();  // a deadlock
    const bool can_go_on = std::find(enabled.begin(), enabled.end(), current_) != enabled.end();
    if (can_go_on && random_() % patience_ != 0) return current_;
    return enabled[random_() % enabled.size()];
  }

  std::vector<std::unique_ptr<Thread>> threads_;
  std::size_t current_ = 0;
  Fiber outside_;
  std::mt19937_64 random_;
  std::uint64_t patience_;  // steps that a thread goes on, on average
  std::uint64_t steps_ = 0;
};

}  // namespace cleave::detail
