// The engine's calls against one another, as programs for the explorer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lab/engine/stage/scene.h"
#include "lab/explore/search/explorer.h"

namespace lab::engine {

constexpr Address kA = cleave::address_of(cleave::PageNo{4});
constexpr Address kB = cleave::address_of(cleave::PageNo{7});
constexpr Address kAlike = cleave::address_of(cleave::PageNo{6});  // where kA is remembered, too
constexpr Count kForeign = 0xbbbb;

/// A scene that is written down as three functions.
struct Script {
  std::function<void(Stage&)> set_up;
  std::function<std::vector<Part>(Stage&)> parts;
  std::function<std::string(Stage&, explore::Outcome&)> look = [](Stage&, explore::Outcome&) {
    return std::string();
  };
};

class Scripted final : public Scene {
 public:
  Scripted(Script script, const Machine& machine) : Scene(machine), script_(std::move(script)) {}

 private:
  void set_up(Stage& stage) override { script_.set_up(stage); }
  std::vector<Part> parts(Stage& stage) override { return script_.parts(stage); }
  std::string look(Stage& stage, explore::Outcome& outcome) override {
    return script_.look(stage, outcome);
  }

  Script script_;
};

/// Makes the script of each run.
using Scripts = Script (*)();

inline explore::Factory factory_of(Scripts scripts, const Machine& machine = {}) {
  return [scripts, machine] { return std::make_unique<Scripted>(scripts(), machine); };
}

/// Explores all orders. A refusal is a failure of the test.
inline explore::Result all_orders(Scripts scripts, explore::Memory memory,
                                  const Machine& machine = {},
                                  std::vector<std::string> left_out = {}) {
  explore::Options options;
  options.memory = memory;
  options.drop = std::move(left_out);
  options.stop_at_failure = !options.drop.empty();
  options.max_seconds = 120;
  const explore::Factory factory = factory_of(scripts, machine);
  auto result = explore::explore(factory, options);
  if (!result) {
    ADD_FAILURE() << "refused: " << result.error().what;
    return {};
  }
  return std::move(*result);
}

inline std::string first_failure(const explore::Result& result) {
  return result.failures.empty() ? "" : result.failures.front().what;
}

/// Something must break in one of all orders where what has that name is left out.
inline void expect_missed(const char* name, Scripts scripts, explore::Memory memory,
                          const Machine& machine = {}) {
  const explore::Result result = all_orders(scripts, memory, machine, {name});
  EXPECT_NE(first_failure(result), "")
      << name << ": nothing is found in " << result.traces << " runs";
  EXPECT_EQ(first_failure(result).find("in the set-up"), std::string::npos)
      << first_failure(result);
}

/// Nothing may break in any order, under sc and tso, with membarrier(2) and without it.
inline void expect_nothing_breaks(Scripts scripts) {
  for (const auto memory : {explore::Memory::sc, explore::Memory::tso}) {
    for (const bool has_membarrier : {true, false}) {
      const explore::Result result = all_orders(scripts, memory, {has_membarrier});
      EXPECT_EQ(first_failure(result), "")
          << explore::name(memory) << ", " << result.traces << " runs";
      EXPECT_EQ(result.coverage.text(), "exhaustive");
    }
  }
}

/// Values of one run that its threads leave for its end.
using Seen = std::shared_ptr<std::array<Count, 4>>;
inline Seen nothing_seen() { return std::make_shared<std::array<Count, 4>>(); }

inline void open(Stage& stage, std::uint64_t frames = 12) {
  stage.open(frames);
  must(stage.spaces[0]->map_at(kA, 8 * cleave::kPageSize));
}

}  // namespace lab::engine
