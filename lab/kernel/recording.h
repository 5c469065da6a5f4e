// What was seen of one run on the kernel, as what a report can show.
#pragma once

#include <optional>

#include "lab/kernel/shared/recording_buffer.h"
#include "lab/kernel/test/compiled_test.h"
#include "lab/report/data/recording.h"

namespace lab::kernel {

/// Nothing: no run was looked at, or it ended in another way than those that were counted. Frames
/// have numbers in the order in which they come up; one that was free between two samples is
/// another page when it comes again.
std::optional<report::Recording> recording_of(const CompiledTest& compiled,
                                              const RecordingBuffer& buffer);

}  // namespace lab::kernel
