// What a step touched, and when two steps depend on each other.
#pragma once

#include <cstdint>
#include <span>

namespace lab::explore {

/// How a step touched one variable: any of these together.
enum Touch : std::uint8_t {
  kRead = 1,
  kWrite = 2,  ///< a store that changed the value; one that stored what was there already is a read
  kAdd = 4,    ///< an addition whose result was not read
};

struct Access {
  std::uint32_t slot;  ///< the variable's place in the run's tables
  std::uint8_t touch;
};

using Footprint = std::span<const Access>;

/// Whether the order of two touches of one variable matters: not if both only read, nor if both
/// only add.
constexpr bool conflict(std::uint8_t a, std::uint8_t b) {
  const int both = a | b;
  return both != kRead && both != kAdd;
}

/// Whether two steps of different actors touch a common variable in conflict.
inline bool conflict(Footprint a, Footprint b) {
  for (const Access& x : a) {
    for (const Access& y : b) {
      if (x.slot == y.slot && conflict(x.touch, y.touch)) return true;
    }
  }
  return false;
}

}  // namespace lab::explore
