#include "lab/kernel/chance.h"

#include <cmath>

namespace lab::kernel {

// That none of n runs comes to it has probability (1 - 1/rare)^n, which is to be 1 - kSureness.

std::uint64_t runs_to_see(double rare) {
  return static_cast<std::uint64_t>(std::ceil(std::log1p(-kSureness) / std::log1p(-1 / rare)));
}

double rarest_seen(std::uint64_t runs) {
  return 1 / -std::expm1(std::log1p(-kSureness) / static_cast<double>(runs));
}

}  // namespace lab::kernel
