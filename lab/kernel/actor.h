// A process of a test: its threads perform its lines, and it tells what it sees in the end.
#pragma once

#include <memory>
#include <vector>

#include "lab/kernel/play.h"
#include "lab/kernel/reference.h"

namespace lab::kernel {

class Actor {
 public:
  /// All must outlive the process. `run` numbers the runs of a test: chance differs from one to the next.
  Actor(const Play& play, Board& board, std::uint64_t run)
      : play_(play), board_(board), run_(run) {}

  /// Is the test's first process from now on: puts its pages in place, and performs its lines. Never returns; somebody has
  /// to kill it.
  [[noreturn]] void begin();

 private:
  // What a thread does after an instruction.
  enum class Then : std::uint8_t { next, otherwise };

  [[noreturn]] void live(model::ProcessId process);
  template <typename Ready>
  void await(model::ProcessId process, Ready ready);
  void tell(model::ProcessId process);
  void perform(const judge::Script& line, std::size_t number);
  Then perform(const judge::Script& line, const judge::Instruction& instruction);
  void store(const judge::Instruction& instruction, std::uint64_t value);

  // words.cc
  bool work(const judge::Instruction& instruction, model::ProcessId process);
  bool act(const judge::Instruction& instruction);
  void note_refusal(const judge::Instruction& instruction);
  bool merge(const judge::Instruction& instruction);
  bool take(const judge::Instruction& instruction, model::ProcessId process);
  bool fork(const judge::Instruction& instruction, model::ProcessId process);
  [[nodiscard]] std::vector<const char*> shared_and_mapped() const;
  void exit(model::ProcessId process);
  void await_exit(model::ProcessId process);

  // Whose frame at a page is another than before has copied it; unless what it just did gives it other frames anyway.
  void note_copies(model::ProcessId process, const judge::Instruction* just_done = nullptr);

  const Play& play_;
  Board& board_;
  std::uint64_t run_;
  std::vector<std::unique_ptr<Reference>> references_;
};

/// Lets faults that nothing can resolve end the process as the test means it: killed. Or, within try_read(), be told.
void catch_faults(Board& board, model::ProcessId process);
/// What is at the address; nothing: it cannot be read.
std::optional<std::uint64_t> try_read(const char* address);

// userfaultfd_wp.cc
/// Write protection of this process' pages by userfaultfd. False: the kernel refuses.
bool write_protect(char* address, std::size_t bytes);
bool write_unprotect(char* address, std::size_t bytes);
/// Waits for somebody to fault on the page's write protection. `gate` opens when there is some for the first time.
void serve_write_fault(const char* address, Gate& gate);
bool move_by_userfaultfd(char* from, char* to, std::size_t bytes);

}  // namespace lab::kernel
