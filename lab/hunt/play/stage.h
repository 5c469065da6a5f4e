// A start, ready for the machine; and acts as the machine's instructions.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "lab/hunt/program/program.h"
#include "lab/judge/plan.h"

namespace lab::hunt {

/// For one OS thread. Must outlive what is run on it.
class Stage {
 public:
  explicit Stage(const Start& start);
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  /// A plan without threads: of the start alone, with room for all that a program may have.
  [[nodiscard]] const judge::Plan& plan() const { return plan_; }
  [[nodiscard]] const Start& start() const { return start_; }
  /// The same address for the same step, as long as the stage lives.
  const judge::Instruction& instruction(const Step& step);

 private:
  struct Made {
    litmus::Operation operation;
    judge::Instruction instruction;
  };
  const Start& start_;
  litmus::Test test_;
  judge::Plan plan_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Made>> made_;
};

}  // namespace lab::hunt
