// Loads of two threads.
#pragma once

#include <array>
#include <atomic>
#include <thread>

#include "measure/system.h"

namespace cleave::bench {

/// The average of what two threads measure at once, each on a processor of its own. `measured`
/// is given the thread's number, 0 or 1.
template <class Measured>
double two_at_once(Measured measured) {
  std::atomic<int> missing{2};
  std::array<double, 2> figures{};
  {
    std::array<std::jthread, 2> threads;
    for (unsigned self = 0; self < 2; ++self) {
      threads[self] = std::jthread([&, self] {
        const measure::OnProcessor here(self);
        missing.fetch_sub(1);
        while (missing.load() != 0) std::this_thread::yield();
        figures[self] = measured(self);
      });
    }
  }
  return (figures[0] + figures[1]) / 2;
}

}  // namespace cleave::bench
