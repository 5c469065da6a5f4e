// What the kernel is compared with.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "lab/judge/expected.h"
#include "lab/litmus/test.h"

namespace lab::kernel {

struct Prediction {
  judge::Expected expected;
  std::optional<std::vector<std::string>> ends;  ///< all that there are, where that is known
  std::string uncompared;  ///< why there is nothing to compare with; empty: there is
};

/// What the test says of `kernel`; else what the model finds under kernel_rules(), whatever the
/// test asks or expects. Takes up to two seconds of a processor, or until `stop` is true.
Prediction prediction_of(const litmus::Test& test, litmus::Memory memory,
                         const std::atomic<bool>* stop = nullptr);

/// Whether the test says so of `kernel`, or else of kernel_rules().
bool means_nothing(const litmus::Test& test);

}  // namespace lab::kernel
