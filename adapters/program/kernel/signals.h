// The signals that are this library's.
#pragma once

#include <cstdint>

namespace cleave::program {

/// By which it interrupts the program.
inline constexpr int kControlSignal = 64;
/// Which system calls are while a library is loaded.
inline constexpr int kLoaderSignal = 31;  // SIGSYS

constexpr std::uint64_t bit_of(int signal) { return std::uint64_t{1} << (signal - 1); }

}  // namespace cleave::program
