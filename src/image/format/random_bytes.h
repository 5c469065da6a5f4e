// What makes one thing differ from all others. A header alone: the libraries of stores share it.
#pragma once

#include <sys/random.h>

#include <array>
#include <cstddef>
#include <cstdlib>

#include "base/uncancelled.h"

namespace cleave::detail::image {

/// The system's. Never fails: so few are given whole, or not at all where there is no such call,
/// and nothing goes on without.
inline std::array<std::byte, 16> random_bytes() {
  const Uncancelled here;
  std::array<std::byte, 16> bytes;
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  return bytes;
}

}  // namespace cleave::detail::image
