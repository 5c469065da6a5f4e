// Plays operations on a machine: in a row, by one thread, or under all schedules of several.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lab/explore/search/explorer.h"
#include "lab/model/machine.h"

namespace lab::model {

inline Rules rules_of(const std::string& text) {
  auto rules = parse_rules(text);
  EXPECT_TRUE(rules) << rules.error();
  return rules ? *rules : Rules{};
}

inline std::vector<std::string> names_of_rule_sets() {
  std::vector<std::string> names;
  for (const RuleSet& set : rule_sets()) names.emplace_back(set.name);
  return names;
}

/// One small page x of value 1, two processes, four names of references.
inline Setup one_page() {
  Setup setup;
  setup.pages = {{.name = "x", .value = 1}};
  setup.processes = 2;
  setup.cpus = 2;
  setup.references = 4;
  return setup;
}

inline constexpr PageNo kX = 0;
inline constexpr Task kParent{0, 0};
inline constexpr Task kChild{1, 1};
inline constexpr ReferenceId kP = 0;

inline constexpr GupFlags kGetToRead{};
inline constexpr GupFlags kGetToWrite{.write = true};
inline constexpr GupFlags kPinToRead{.pin = true};
inline constexpr GupFlags kPinToWrite{.pin = true, .write = true};
inline constexpr GupFlags kFastPinToRead{.pin = true, .fast = true};
inline constexpr GupFlags kFastPinToWrite{.pin = true, .write = true, .fast = true};

/// Looks at a machine between the operations of a program with one thread.
template <typename F>
auto between(F&& look_around) {
  return explore::step("looks around", std::forward<F>(look_around));
}

/// A program of several threads on one machine.
class Played : public explore::Program {
 public:
  using Body = std::function<void(Machine&)>;
  using End = std::function<void(Machine&, explore::Outcome&)>;
  Played(const Rules& rules, const Setup& setup, const std::vector<Body>& bodies, const End& end)
      : machine_(rules, setup), bodies_(bodies), end_(end) {}
  void start(explore::Threads& threads) override {
    for (const Body& body : bodies_) threads.add("thread", [&] { body(machine_); });
  }
  void end(explore::Outcome& outcome) override {
    if (auto wrong = machine_.invariant()) explore::broken(*wrong);
    if (auto leaked = machine_.leak()) explore::broken("leak: " + *leaked);
    if (end_) end_(machine_, outcome);
  }
  std::string describe() override { return machine_.describe(); }

 private:
  Machine machine_;
  const std::vector<Body>& bodies_;
  const End& end_;
};

inline explore::Result play(const std::string& rules_text, const Setup& setup,
                            const std::vector<Played::Body>& bodies,
                            const Played::End& end = nullptr, explore::Options options = {}) {
  EXPECT_EQ(setup.problem().value_or(""), "");
  const Rules rules = rules_of(rules_text);
  auto result = explore::explore(
      [&] { return std::make_unique<Played>(rules, setup, bodies, end); }, options);
  EXPECT_TRUE(result) << result.error().what;
  return result ? *result : explore::Result{};
}

/// One thread: one run. Nothing may break.
inline void play_alone(const std::string& rules, const Setup& setup, const Played::Body& body) {
  const explore::Result result = play(rules, setup, {body});
  for (const explore::Failure& failure : result.failures)
    ADD_FAILURE() << rules << ": " << failure.what;
  EXPECT_EQ(result.traces, 1u);
}

/// Whether some run ends with `name` = `value`.
inline bool seen(const explore::Result& result, std::string_view name, std::uint64_t value) {
  for (const explore::Seen& one : result.outcomes) {
    const std::uint64_t* found = one.outcome.find(name);
    if (found != nullptr && *found == value) return true;
  }
  return false;
}

inline std::string first_failure(const explore::Result& result) {
  return result.failures.empty() ? "" : result.failures.front().what;
}

}  // namespace lab::model
