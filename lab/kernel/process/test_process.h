// A process of a test: its threads perform its lines, and it tells what it sees in the end.
#pragma once

#include <memory>
#include <vector>

#include "lab/kernel/references/reference.h"
#include "lab/kernel/shared/shared_state.h"
#include "lab/kernel/test/compiled_test.h"

namespace lab::kernel {

class TestProcess {
 public:
  /// All must outlive the process. `run` numbers the runs of a test: chance differs from one to the
  /// next.
  TestProcess(const CompiledTest& compiled, SharedState& shared, std::uint64_t run)
      : test_(compiled), shared_(shared), run_(run) {}

  /// Is the test's first process from now on: puts its pages in place, and performs its lines.
  /// Never returns; it has to be killed.
  [[noreturn]] void begin();

 private:
  // What a thread does after an instruction.
  enum class Then : std::uint8_t { next, otherwise };

  [[noreturn]] void run(model::ProcessId process);
  template <typename Ready>
  void await(model::ProcessId process, Ready ready);
  void report_contents(model::ProcessId process);
  void perform(const judge::ThreadPlan& line, std::size_t number);
  Then perform(const judge::ThreadPlan& line, const judge::Instruction& instruction);
  void store(const judge::Instruction& instruction, std::uint64_t value);

  // words.cc
  bool work(const judge::Instruction& instruction, model::ProcessId process);
  [[nodiscard]] std::size_t moved_bytes(const judge::Instruction& i) const;
  bool act(const judge::Instruction& instruction);
  void note_refusal(const judge::Instruction& instruction);
  bool swap_out(const judge::Instruction& instruction, char* at, std::size_t bytes);
  bool merge(const judge::Instruction& instruction);
  bool take(const judge::Instruction& instruction, model::ProcessId process);
  bool fork(const judge::Instruction& instruction, model::ProcessId process);
  [[nodiscard]] std::vector<const char*> shared_and_mapped() const;
  void exit(model::ProcessId process);
  void await_exit(model::ProcessId process);

  // Whose frame at a page is another than before has copied it; unless what it just did gives it
  // other frames anyway.
  void note_copies(model::ProcessId process, const judge::Instruction* just_done = nullptr);

  const CompiledTest& test_;
  SharedState& shared_;
  std::uint64_t run_;
  std::vector<std::unique_ptr<Reference>> references_;
};

/// Lets faults that nothing can resolve end the process as the test means it: killed. Or, within
/// try_read(), be told.
void catch_faults(SharedState& shared, model::ProcessId process);
/// What is at the address; nothing: it cannot be read.
std::optional<std::uint64_t> try_read(const char* address);

}  // namespace lab::kernel
