// A planned test as a program that can be explored.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lab/explore/execution/program.h"
#include "lab/judge/plan.h"
#include "lab/model/machine.h"
#include "lab/model/view.h"

namespace lab::judge {

/// The label of the step in which a thread notes what an operation gave.
inline constexpr const char* kNoteResult = "note the result";

/// One run: threads perform their scripts on a machine of their own. The outcome has a value for
/// each of the plan's quantities. Broken are: what the machine finds broken, and pages that cannot
/// be reached at the end.
class TestProgram : public explore::Program {
 public:
  /// Both must outlive the program, and the plan every result of the exploration: outcomes name its
  /// quantities.
  TestProgram(const Plan& plan, const model::Rules& rules);

  void start(explore::Threads& threads) override;
  void end(explore::Outcome& outcome) override;
  [[nodiscard]] std::string describe() override { return machine_.describe(); }
  /// What there is just now. Between two steps.
  [[nodiscard]] model::View view() const { return machine_.view(); }

 protected:
  /// The machine refuses what the instruction asks for.
  virtual void refused(const Instruction&) {}
  /// What a thread does after an instruction.
  enum class Then : std::uint8_t { next, otherwise, dies };
  Then perform(const ThreadPlan& thread, const Instruction& instruction);
  [[nodiscard]] model::Machine& machine() { return machine_; }
  [[nodiscard]] const model::Machine& machine() const { return machine_; }

 private:
  void perform(const ThreadPlan& thread);
  Then branch(const Instruction& instruction);
  Then store(const Instruction& instruction, std::optional<model::Value> value,
             const ThreadPlan& thread);
  Then answer(const Instruction& instruction, model::Answer answer, const ThreadPlan& thread);
  Then fork(const Instruction& instruction, const ThreadPlan& thread, model::Task task);
  [[nodiscard]] model::Answer work(const Instruction& instruction, model::Task task);
  [[nodiscard]] model::Answer act(const Instruction& instruction, model::Task task);
  [[nodiscard]] model::Answer swap_out(const Instruction& instruction, model::Task task);
  [[nodiscard]] std::uint64_t ask(const Quantity& quantity) const;

  const Plan& plan_;
  model::Machine machine_;
  std::vector<std::unique_ptr<explore::Shared<bool>>> signals_;
  std::vector<std::unique_ptr<explore::Shared<model::Value>>> registers_;
};

}  // namespace lab::judge
