// The reduced search makes one run for each class of runs that differ in the order of independent
// steps only.
#include <bit>
#include <map>

#include <gtest/gtest.h>

#include "tests/explore/programs.h"
#include "tests/explore/random_program.h"

namespace lab::explore {
namespace {

// Makes every run, and writes each down as what all runs of its class have in common: the steps of
// each actor, and for each the steps of others before it that it depends on.
class EveryClass : public Scheduler {
 public:
  Actor next(Execution& execution) override {
    if (depth_ > 0) keep(execution.footprint());
    const ActorSet enabled = execution.enabled();
    if (enabled == 0) return kNoActor;
    if (depth_ == nodes_.size()) nodes_.push_back({enabled, 0, 1});
    return static_cast<Actor>(std::countr_zero(nodes_[depth_++].left));
  }
  std::uint32_t value(Execution&, std::uint32_t count) override {
    nodes_[depth_ - 1].values = count;
    return nodes_[depth_ - 1].value;
  }

  bool backtrack() {
    classes_.insert(text());
    steps_.clear();
    depth_ = 0;
    while (!nodes_.empty()) {
      Node& last = nodes_.back();
      if (++last.value < last.values) return true;
      last.left &= last.left - 1;
      last.value = 0;
      last.values = 1;
      if (last.left != 0) return true;
      nodes_.pop_back();
    }
    return false;
  }

  [[nodiscard]] std::size_t classes() const { return classes_.size(); }

 private:
  struct Node {
    ActorSet left;
    std::uint32_t value;
    std::uint32_t values;
  };
  struct Step {
    Actor actor;
    int place;  // among the actor's own
    std::uint32_t value;
    std::vector<Access> footprint;
  };

  void keep(Footprint footprint) {
    const Node& node = nodes_[depth_ - 1];
    const auto actor = static_cast<Actor>(std::countr_zero(node.left));
    int place = 0;
    for (const Step& step : steps_) place += step.actor == actor ? 1 : 0;
    steps_.push_back({actor, place, node.value, {footprint.begin(), footprint.end()}});
  }

  std::string text() const {
    std::set<std::string> lines;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      std::string line = name(steps_[i]) + "=" + std::to_string(steps_[i].value) + " after";
      std::set<std::string> earlier;
      for (std::size_t j = 0; j < i; ++j) {
        if (thread_of(steps_[i].actor) != thread_of(steps_[j].actor) &&
            conflict(steps_[i].footprint, steps_[j].footprint)) {
          earlier.insert(name(steps_[j]));
        }
      }
      for (const std::string& one : earlier) line += " " + one;
      lines.insert(line);
    }
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
  }
  static std::string name(const Step& step) {
    return std::to_string(step.actor) + "." + std::to_string(step.place);
  }

  std::vector<Node> nodes_;
  std::vector<Step> steps_;
  std::size_t depth_ = 0;
  std::set<std::string> classes_;
};

// How many classes there are; none if there are too many runs to make them all.
std::optional<std::size_t> classes_of(const Factory& factory, Memory memory) {
  Execution execution{memory, {}, 1000};
  EveryClass every;
  int runs = 0;
  do {
    if (++runs > 20'000) return std::nullopt;
    execution.run(factory, every);
  } while (every.backtrack());
  return every.classes();
}

class Classes : public testing::TestWithParam<Memory> {};

TEST_P(Classes, AreMadeOnceEach) {
  int compared = 0;
  std::size_t largest = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    // A step that touches several variables may touch others elsewhere: then classes are told apart
    // that are one. And threads that are started by several others have other numbers in other runs
    // of a class.
    const Palette palette{.threads = 2 + static_cast<int>(seed % 2),
                          .statements = 4,
                          .breaks = false,
                          .spawns = false,
                          .single = true};
    const auto bodies = RandomProgram::draw(seed, palette);
    const Factory factory = [&] { return std::make_unique<RandomProgram>(bodies, false); };
    const auto classes = classes_of(factory, GetParam());
    if (!classes) continue;
    const auto result = explore(factory, {.memory = GetParam(), .check_runs = 0});
    ASSERT_EQ(result->traces, *classes) << "seed " << seed;
    ++compared;
    largest = std::max(largest, *classes);
  }
  EXPECT_GT(compared, 200);
  EXPECT_GT(largest, 50u);
}

TEST_P(Classes, AreNeverMissedWhereStepsTouchMuch) {
  for (std::uint64_t seed = 1000; seed < 1200; ++seed) {
    const auto bodies = RandomProgram::draw(seed, {.threads = 3, .statements = 3, .spawns = false});
    const Factory factory = [&] { return std::make_unique<RandomProgram>(bodies, false); };
    const auto classes = classes_of(factory, GetParam());
    if (!classes) continue;
    ASSERT_GE(explore(factory, {.memory = GetParam(), .check_runs = 0})->traces, *classes)
        << "seed " << seed;
  }
}

std::string name_of(const testing::TestParamInfo<Memory>& memory) {
  return memory.param == Memory::sc ? "Sc" : "Tso";
}
INSTANTIATE_TEST_SUITE_P(Under, Classes, testing::Values(Memory::sc, Memory::tso), name_of);

}  // namespace
}  // namespace lab::explore
