// A generated program on the machine, by as few threads as it takes: one, and one more for a race.
#pragma once

#include <vector>

#include "lab/explore/execution/run.h"
#include "lab/hunt/play/stage.h"
#include "lab/judge/test_program.h"
#include "lab/spec/observation.h"

namespace lab::hunt {

/// A program's instructions.
struct Script {
  std::vector<const judge::Instruction*> before, after;
  const judge::Instruction* one = nullptr;
  const judge::Instruction* other = nullptr;  ///< races with `one`; null: there is no race
};
Script script_of(const Program& program, Stage& stage);

/// Performs an instruction; by default the machine does. A test plants faults here.
class Scene;
using Performer = void (*)(Scene& scene, std::uint32_t cpu, const judge::Instruction& instruction);

/// One run. Its outcome is what was seen, packed, under kSeen.
class Scene : public judge::TestProgram {
 public:
  static constexpr const char* kSeen = "seen";

  /// All must outlive the run.
  Scene(const Stage& stage, const model::Rules& rules, const Script& script, Performer performer);

  void start(explore::Threads& threads) override;
  void end(explore::Outcome& outcome) override;

  /// What the machine itself does with the instruction.
  void perform_plainly(std::uint32_t cpu, const judge::Instruction& instruction);
  using judge::TestProgram::machine;

 protected:
  void refused(const judge::Instruction& instruction) override;

 private:
  void perform(std::uint32_t cpu, const judge::Instruction& instruction);
  void first_thread();
  void second_thread();
  [[nodiscard]] spec::Observation observe();

  const Stage& stage_;
  const Script& script_;
  const Performer performer_;
  explore::Shared<bool> go_{"go"};
  explore::Shared<bool> done_{"done"};
  std::array<spec::Value, spec::kReferences> peeks_{};
  bool fork_refused_ = false;
};

}  // namespace lab::hunt
