// How the processes of a test fill the recording of a run.
#pragma once

#include "lab/kernel/shared/shared_state.h"
#include "lab/kernel/test/compiled_test.h"

namespace lab::kernel {

/// Samples all processes, which answer by give_sample(). By one thread at a time, while no thread
/// performs a statement but those who wait in one. `line` and `at`: the statement that was just
/// performed.
void take_sample(const CompiledTest& compiled, SharedState& shared, std::uint32_t line,
                 std::uint32_t at);
/// Whether the process still has to give its sample.
bool owes_sample(const SharedState& shared, model::ProcessId process);
/// This process' part of the sample that is being taken.
void give_sample(const CompiledTest& compiled, SharedState& shared, model::ProcessId process);

}  // namespace lab::kernel
