// Runs drawn at random: uniformly step by step, or by priorities that change at few drawn steps
// (PCT).

#include <bit>
#include <random>
#include <vector>

#include "lab/explore/search/exploration.h"

namespace lab::explore {
namespace {

class Drawn : public Chooser {
 public:
  explicit Drawn(std::uint64_t seed) : engine_(seed) {}

  Schedule schedule() const override { return schedule_; }
  virtual void begin() { schedule_.clear(); }

  Actor next(Execution& execution) override {
    const ActorSet enabled = execution.enabled();
    if (enabled == 0) return kNoActor;
    schedule_.push_back({pick(enabled), 0});
    return schedule_.back().actor;
  }

  std::uint32_t value(Execution& execution, std::uint32_t count) override {
    const auto taken = static_cast<std::uint32_t>(below(count));
    schedule_.back().value = execution.digit().with(schedule_.back().value, taken);
    return taken;
  }

 protected:
  virtual Actor pick(ActorSet enabled) = 0;
  // The standard's distributions differ from library to library; a seed shall mean the same
  // everywhere.
  std::uint64_t below(std::uint64_t count) { return engine_() % count; }
  [[nodiscard]] std::size_t steps() const { return schedule_.size(); }

 private:
  std::mt19937_64 engine_;
  Schedule schedule_;
};

class Uniform : public Drawn {
 public:
  using Drawn::Drawn;

 protected:
  Actor pick(ActorSet enabled) override {
    for (auto skip = below(static_cast<std::uint64_t>(std::popcount(enabled))); skip > 0; --skip) {
      enabled &= enabled - 1;
    }
    return static_cast<Actor>(std::countr_zero(enabled));
  }
};

// Burckhardt, Kothari, Musuvathi, Nagarakatte, "A Randomized Scheduler with Probabilistic
// Guarantees of Finding Bugs", ASPLOS 2010: a bug that needs d ordered steps is found with a chance
// of at least 1 / (threads * steps^(d-1)) a run.
class Pct : public Drawn {
 public:
  Pct(std::uint64_t seed, std::uint32_t depth) : Drawn(seed), depth_(depth) {}

  void begin() override {
    longest_ = std::max(longest_, steps());
    Drawn::begin();
    for (std::uint64_t& priority : priority_) priority = depth_ + below(std::uint64_t{1} << 60);
    changes_.clear();
    for (std::uint32_t i = 1; i < depth_; ++i) changes_.push_back(below(longest_ + 1));
  }

 protected:
  Actor pick(ActorSet enabled) override {
    Actor first = highest(enabled);
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      if (changes_[i] != steps()) continue;
      priority_[first] = i;  // below all that were drawn
      first = highest(enabled);
    }
    return first;
  }

 private:
  Actor highest(ActorSet enabled) const {
    auto first = static_cast<Actor>(std::countr_zero(enabled));
    for (; enabled != 0; enabled &= enabled - 1) {
      const auto actor = static_cast<Actor>(std::countr_zero(enabled));
      if (priority_[actor] > priority_[first]) first = actor;
    }
    return first;
  }

  const std::uint32_t depth_;
  std::size_t longest_ = 0;
  std::array<std::uint64_t, 64> priority_{};
  std::vector<std::uint64_t> changes_;
};

}  // namespace

Coverage search_random(Exploration& exploration) {
  exploration.execution().note_footprints(false);
  const Options& options = exploration.options();
  Uniform uniform{options.seed};
  Pct pct{options.seed, options.bound};
  Drawn& search = options.search == Search::pct ? static_cast<Drawn&>(pct) : uniform;
  for (std::uint64_t i = 0; i < options.runs; ++i) {
    search.begin();
    if (!exploration.run(search)) break;
  }
  return {.kind = Coverage::Kind::sampled, .runs = exploration.runs(), .seed = options.seed};
}

}  // namespace lab::explore
