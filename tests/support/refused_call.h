// A process one of whose system calls fails, whichever one wants: the kernel asks us about each.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace cleave::detail {

/// Which of a run's calls fail, with which errno: the `kth` of that number, counted from 1; 0: none
/// does.
struct Refusing {
  long call = 0;
  std::uint64_t kth = 0;
  int error = 0;
  /// Every later one of that number fails, too: as if a policy came in force.
  bool from_then_on = false;
};

/// What became of a run.
struct RunOutcome {
  std::vector<long> calls;  ///< the numbers of those watched, in order
  std::string said;         ///< what `body` returned, and standard error
  int status = -1;          ///< as waitpid() gives it
  bool hung = false;        ///< it was ended: a long time without a call, or calls without end

  [[nodiscard]] bool is_well() const { return status == 0 && !hung; }
};

/// Runs `body` in a child of fork(2), and refuses as asked those of its `watched` system calls that
/// `refusing` names; performs all others. `body` returns what is wrong. Nothing is known to be
/// possible without Linux 5.5's seccomp: then `calls` is empty and the status 77.
RunOutcome run_refused(std::span<const long> watched, const Refusing& refusing,
                       const std::function<std::string()>& body);

}  // namespace cleave::detail
