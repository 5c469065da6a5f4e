// A program for the explorer that is made of calls to the engine.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lab/engine/stage/stage.h"
#include "lab/explore/execution/program.h"

namespace lab::engine {

/// A thread's calls, and what stands in the trace for them.
struct Part {
  const char* name;
  std::function<void()> calls;
};

/// Made for each run. The calls must come to nothing but the engine's own words: what they leave on
/// their stacks is not destroyed when a run is given up.
class Scene : public explore::Program {
 public:
  void start(explore::Threads& threads) final;
  void end(explore::Outcome& outcome) final;
  [[nodiscard]] bool drops_threads() const final { return true; }

 protected:
  explicit Scene(const Machine& machine = {}) : stage_(machine) {}

  /// What is there before the threads start.
  virtual void set_up(Stage& stage) = 0;
  virtual std::vector<Part> parts(Stage& stage) = 0;
  /// What the run came to: notes it, and gives what must not be, or nothing.
  virtual std::string look(Stage& stage, explore::Outcome& outcome) = 0;

 private:
  Stage stage_;
};

}  // namespace lab::engine
