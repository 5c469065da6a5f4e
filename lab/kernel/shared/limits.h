// How much a test may have to be run on a running kernel: what lies in shared memory has a fixed
// size.
#pragma once

#include <cstddef>

namespace lab::kernel {

// Limits of the language, and of what tests ask for in practice; fits() compares.
inline constexpr std::size_t kProcesses = 16;
inline constexpr std::size_t kThreads = 16;
inline constexpr std::size_t kPages = 64;
inline constexpr std::size_t kNames = 128;      // signals, registers, references, each
inline constexpr std::size_t kQuantities = 32;  // of one condition
inline constexpr std::size_t kEnds = 64;        // different ends of one test
inline constexpr std::size_t kSamples = 64;     // of the run that is looked at closely

}  // namespace lab::kernel
