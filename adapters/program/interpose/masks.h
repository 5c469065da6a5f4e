// What of a set of signals the program can have.
#pragma once

#include <csignal>
#include <cstdint>
#include <cstring>

#include "adapters/program/interpose/caller.h"
#include "adapters/program/kernel/signals.h"

namespace cleave::program {

/// A set as the kernel has it, without this library's signals where it is the program that gives
/// it.
inline std::uint64_t without_ours(std::uint64_t wanted) noexcept {
  constexpr std::uint64_t kOurs = bit_of(kControlSignal) | bit_of(kLoaderSignal);
  return is_programs_call() ? wanted & ~kOurs : wanted;
}

/// The same of a set as the C library has it; of that, the kernel takes the beginning.
inline sigset_t without_ours(const sigset_t& wanted) noexcept {
  sigset_t set = wanted;
  std::uint64_t bits = 0;
  std::memcpy(&bits, &set, sizeof bits);
  bits = without_ours(bits);
  std::memcpy(&set, &bits, sizeof bits);
  return set;
}

}  // namespace cleave::program
