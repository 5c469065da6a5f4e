// Where a test runs: processes in a PID namespace of their own, run after run.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "lab/kernel/shared/shared_state.h"
#include "lab/kernel/test/compiled_test.h"

namespace lab::kernel {

struct Effort {
  std::chrono::milliseconds time{1000};              ///< no run begins later than that
  std::uint64_t runs = 1'000'000;                    ///< nor are there more
  std::chrono::milliseconds patience{3000};          ///< a run that does nothing for so long hangs
  std::optional<unsigned> processor = std::nullopt;  ///< the only one, where nothing races
};

/// In the first process of a namespace: runs the test until the effort is spent, a run hangs, or
/// shared.stop; then ends this process. What was seen is in `shared` then, and why it could not be
/// set up, or failed. What has to be mounted is in `folder`, of this namespace alone.
[[noreturn]] void run_in_sandbox(CompiledTest& compiled, SharedState& shared, const Effort& effort,
                                 const std::string& folder);

}  // namespace lab::kernel
