// What many samples come to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

namespace cleave::measure {

/// The sample that `percent` of all do not exceed; 0 if there are none. Reorders the samples.
inline double percentile(std::span<double> samples, std::size_t percent) {
  if (samples.empty()) return 0;
  const auto place =
      samples.begin() + static_cast<std::ptrdiff_t>((samples.size() - 1) * percent / 100);
  std::ranges::nth_element(samples, place);
  return *place;
}

inline double median(std::span<double> samples) { return percentile(samples, 50); }

}  // namespace cleave::measure
