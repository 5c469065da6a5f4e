// Whether a run can go on: asked of the kernel, not found out by patience.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lab/kernel/shared/shared_state.h"
#include "lab/kernel/test/compiled_test.h"

namespace lab::kernel {

/// Looks at the threads of one run now and then, from outside. A thread is stuck while only another
/// thread of the test can let it go on: it waits for a label or an end, it serves a page of which
/// nothing is heard, or it sleeps in a fault that a handler has to resolve.
class StuckThreads {
 public:
  /// Both must outlive this.
  StuckThreads(const CompiledTest& compiled, const SharedState& shared)
      : test_(compiled), shared_(shared) {}

  /// True: all threads that have not ended are stuck, and were all at once, so that they are for
  /// ever. False: not known, which is always so of the first look, and where the kernel does not
  /// say what a thread sleeps in (CONFIG_KALLSYMS). Costs a few files of /proc for each thread.
  bool all();

 private:
  /// Of a thread that is stuck. While nothing in it but `heard_nothing` changes, it has not moved.
  struct Place {
    std::size_t thread;
    std::uint32_t at;
    std::uint64_t slept;          ///< how often it has gone to sleep; counted in faults alone
    std::uint32_t heard_nothing;  ///< see SharedState
  };

  [[nodiscard]] std::optional<std::vector<Place>> look() const;
  [[nodiscard]] std::optional<Place> stuck(std::size_t thread) const;
  [[nodiscard]] bool same(const Place& then, const Place& now) const;
  [[nodiscard]] bool hears_nothing(const Place& then, const Place& now) const;
  [[nodiscard]] const judge::Instruction& instruction(const Place& place) const {
    return test_.plan.threads[place.thread].code[place.at];
  }

  const CompiledTest& test_;
  const SharedState& shared_;
  std::optional<std::vector<Place>> first_;  ///< look since when nothing has moved
};

}  // namespace lab::kernel
