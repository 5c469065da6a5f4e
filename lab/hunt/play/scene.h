// A generated program on the machine: what comes first, what races, and each of several ends.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "lab/explore/execution/execution.h"
#include "lab/hunt/play/stage.h"
#include "lab/judge/test_program.h"
#include "lab/spec/observation.h"

namespace lab::hunt {

using Instructions = std::vector<const judge::Instruction*>;

/// Programs that begin alike, as instructions.
struct Script {
  Instructions before;
  const judge::Instruction* one = nullptr;
  const judge::Instruction* other = nullptr;  ///< races with `one`; null: there is no race
  struct End {
    Instructions acts;
    std::uint64_t asked = ~std::uint64_t{0};  ///< rule-sets that it is asked of, as bits
  };
  std::vector<End> ends;  ///< a program each
};
/// Of one program: what follows its race is its end, or else nothing.
Script script_of(const Program& program, Stage& stage);

/// What a program came to in one order of its steps.
struct Run {
  explore::Execution::Came came = explore::Execution::Came::through;
  std::string broken;  ///< what the machine said of itself; empty: all is well
  spec::Observation seen;
  explore::Hash128 state;  ///< of the machine; only if it was asked for
};

/// Of races, on one OS thread: what each end that is asked for came to, packed, by the state that
/// its run was in before. Many orders of the steps lead to one state, and all that follows hangs on
/// that.
class Ended {
 public:
  using Ends = std::vector<std::uint64_t>;
  /// Null: no run was there yet.
  [[nodiscard]] const Ends* after(const explore::Hash128& state) const {
    const auto found = ends_.find(state);
    return found == ends_.end() ? nullptr : &found->second;
  }
  const Ends& add(const explore::Hash128& state, Ends ends) {
    return ends_.emplace(state, std::move(ends)).first->second;
  }
  /// What broke, by number.
  std::vector<std::string> breaks;

 private:
  struct Low {
    std::size_t operator()(const explore::Hash128& hash) const { return hash.low; }
  };
  std::unordered_map<explore::Hash128, Ends, Low> ends_;
};

/// Performs an instruction; by default the machine does. A test plants faults here.
class Scene;
using Performer = void (*)(Scene& scene, std::uint32_t cpu, const judge::Instruction& instruction);

/// One run of what comes first and of the race. The ends are tried one after the other from where
/// it came to, since nothing else happens by then. Its outcome has a number for each end, packed.
class Scene : public judge::TestProgram {
 public:
  struct Asked {
    std::uint64_t who = ~std::uint64_t{0};  ///< ends that are asked of none of these are passed by
    bool with_state = false;
    Ended* ended = nullptr;  ///< of races
  };
  /// All must outlive the run.
  Scene(const Stage& stage, const model::Rules& rules, const Script& script, Performer performer,
        const Asked& asked);

  void start(explore::Threads& threads) override;
  void end(explore::Outcome& outcome) override;
  /// After end(): what came of each end.
  [[nodiscard]] std::vector<Run>& runs() { return runs_; }

  /// What the machine itself does with the instruction.
  void perform_plainly(std::uint32_t cpu, const judge::Instruction& instruction);
  using judge::TestProgram::machine;

 protected:
  void refused(const judge::Instruction& instruction) override;

 private:
  void perform(std::uint32_t cpu, const judge::Instruction& instruction);
  [[nodiscard]] Run run(const Instructions& end);
  [[nodiscard]] spec::Observation observe();
  [[nodiscard]] Run run_or_not(const Instructions& end);
  [[nodiscard]] Ended::Ends all_ends();
  [[nodiscard]] explore::Hash128 state() const;
  [[nodiscard]] std::uint64_t packed(const Run& run) const;

  const Stage& stage_;
  const Script& script_;
  const Performer performer_;
  const Asked asked_;
  explore::Execution::Alone before_;
  std::vector<std::size_t> made_;
  std::vector<Run> runs_;
  bool fork_refused_ = false;
};

/// What an outcome's number says: that the run waits, or breaks, or else what was seen.
[[nodiscard]] bool says_waits(std::uint64_t packed);
[[nodiscard]] std::optional<std::size_t> says_breaks(std::uint64_t packed);

}  // namespace lab::hunt
