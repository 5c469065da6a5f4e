// Schedulers for tests: one that writes down what is announced, and one that lets threads take turns.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <cleave/detail/explored.h>

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

/// Real threads, of which one runs at a time; at every announcement chance chooses who goes on. How often it
/// changes its mind follows from the seed too: some orders are woven finely, in others a thread stands
/// still, in the middle of anything, for a long time.
class TakingTurns {
 public:
  explicit TakingTurns(std::uint64_t seed) : random_(seed), patience_(1u << (2 * (seed % 4))) {}

  /// Runs all bodies to their ends. A deadlock stops the program.
  void run(const std::vector<std::function<void()>>& bodies) {
    waiting_.assign(bodies.size(), {});
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      threads.emplace_back([this, i, &bodies] {
        Turn turn(*this, i);
        sync::Scheduler* const previous = sync::install(&turn);
        turn.announce({.kind = sync::Kind::wait, .name = "start"});
        bodies[i]();
        (void)sync::install(previous);
        const std::lock_guard guard(lock_);
        waiting_[i].ended = true;
        choose();
      });
    }
    for (auto& thread : threads) thread.join();
  }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

 private:
  struct Waiting {
    const sync::Operation* operation = nullptr;
    bool ended = false;
  };

  class Turn : public sync::Scheduler {
   public:
    Turn(TakingTurns& all, std::size_t self) : all_(all), self_(self) {}
    void announce(const sync::Operation& operation) override {
      all_.wait_for_turn(self_, operation);
    }
    bool performs(const char*) override { return true; }
    std::uint64_t self() override { return self_; }

   private:
    TakingTurns& all_;
    std::size_t self_;
  };

  void wait_for_turn(std::size_t self, const sync::Operation& operation) {
    std::unique_lock guard(lock_);
    waiting_[self].operation = &operation;
    chosen_ = kNobody;
    choose();
    changed_.wait(guard, [&] { return chosen_ == self; });
    waiting_[self].operation = nullptr;
    ++steps_;
  }

  // When everybody waits or has ended: one of those whose operation can be performed.
  void choose() {
    std::vector<std::size_t> enabled;
    bool anybody = false;
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      if (waiting_[i].ended) continue;
      const sync::Operation* operation = waiting_[i].operation;
      if (operation == nullptr) return;  // still on its way to its next announcement
      anybody = true;
      if (operation->enabled == nullptr || operation->enabled(operation->context))
        enabled.push_back(i);
    }
    if (!anybody) return;
    if (enabled.empty()) std::abort();  // a deadlock: nobody's operation can be performed
    const bool can_go_on = std::find(enabled.begin(), enabled.end(), last_) != enabled.end();
    if (!can_go_on || random_() % patience_ == 0) last_ = enabled[random_() % enabled.size()];
    chosen_ = last_;
    changed_.notify_all();
  }

  static constexpr std::size_t kNobody = ~std::size_t{0};
  std::mutex lock_;
  std::condition_variable changed_;
  std::size_t chosen_ = kNobody;
  std::vector<Waiting> waiting_;
  std::mt19937_64 random_;
  std::uint64_t patience_;  // steps that a thread goes on, on average
  std::size_t last_ = kNobody;
  std::uint64_t steps_ = 0;
};

}  // namespace cleave::detail
