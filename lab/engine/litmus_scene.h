// A litmus test's plan in the engine's words: a process is a space, a thread an accessor of it, a
// plain reference a hold.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lab/engine/stage/scene.h"
#include "lab/judge/plan.h"

namespace lab::engine {

class LitmusScene : public Scene {
 public:
  /// The plan must outlive every result of the exploration, and no_word_for() must say nothing.
  explicit LitmusScene(const judge::Plan& plan);

  /// Where the halves of a page lie that a test tells apart: at its start, and here, at its end.
  static constexpr std::size_t kOtherHalf = cleave::kPageSize - sizeof(Count);
  /// Where a test's page is.
  static cleave::PageNo page_no(model::PageNo page);

 protected:
  std::vector<Part> parts(Stage& stage) override;

 private:
  enum class Then : std::uint8_t { next, otherwise, dies };

  void set_up(Stage& stage) override;
  std::string look(Stage& stage, explore::Outcome& outcome) override;

  void perform(Stage& stage, const judge::ThreadPlan& thread);
  Then perform(Stage& stage, const judge::ThreadPlan& thread, const judge::Instruction& i);
  Then fork(Stage& stage, const judge::Instruction& i);
  Then exit(Stage& stage, const judge::ThreadPlan& thread);
  Then take(Stage& stage, const judge::ThreadPlan& thread, const judge::Instruction& i);
  Then change(Stage& stage, const judge::Instruction& i);
  Then answer(const judge::Instruction& i, std::uint64_t value);
  Then kill(const judge::ThreadPlan& thread);
  [[nodiscard]] std::uint64_t ask(Stage& stage, const judge::Quantity& quantity) const;

  struct Taken {
    model::ProcessId process = 0;
    model::PageNo page = 0;
  };

  const judge::Plan& plan_;
  std::vector<std::unique_ptr<explore::Shared<bool>>> signals_;
  std::vector<std::unique_ptr<explore::Shared<bool>>> exited_;  // by process
  std::vector<std::uint64_t> registers_;                        // each of one thread
  std::vector<bool> killed_;
  std::vector<Taken> taken_;  // by reference
  std::uint64_t copies_ = 0;  // before the threads started
};

}  // namespace lab::engine
