// How much runs that differ by chance can tell.
#pragma once

#include <cstdint>

namespace lab::kernel {

/// How surely an end has been seen that is not rarer than is said.
inline constexpr double kSureness = 0.99;
/// One run in so many comes to the rarest end that is looked for by default.
inline constexpr double kRare = 250;

/// So many runs show with kSureness an end that one in `rare` comes to. `rare` is above 1.
std::uint64_t runs_to_see(double rare);
/// The other way round: after so many runs, an end that was not seen is rarer than one in this.
double rarest_seen(std::uint64_t runs);

}  // namespace lab::kernel
