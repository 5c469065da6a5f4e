// Where a test runs: processes in a PID namespace of their own, run after run.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include <tl/expected.hpp>

#include "lab/kernel/shared/shared_state.h"
#include "lab/kernel/test/compiled_test.h"

namespace lab::kernel {

struct Effort {
  std::chrono::milliseconds time{1000};      ///< no run begins later than that
  std::uint64_t runs = 1'000'000;            ///< nor are there more
  std::chrono::milliseconds patience{3000};  ///< a run that does nothing for so long hangs
  std::function<void()> tick = nullptr;      ///< called some times a second meanwhile
};

/// Runs the test until the effort is spent, a run hangs, or shared.stop. What was seen is in
/// `shared` then, and all processes that took part have ended. They also end if this process is
/// killed. `folder` is for what has to be mounted, which no other process sees. The error is for a
/// person: the sandbox could not be set up, or failed.
tl::expected<void, std::string> run_test(CompiledTest& compiled, SharedState& shared,
                                         const Effort& effort, const std::string& folder);

}  // namespace lab::kernel
