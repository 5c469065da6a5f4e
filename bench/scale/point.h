// One point of a curve.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "bench/harness/benchmark.h"

namespace cleave::bench {

/// `scale/CURVE/AT`, and where it lies for whoever draws it.
inline Row point(const std::string& curve, std::uint64_t at, Samples ours,
                 const char* unit = "ns") {
  Row row{
      .name = "scale/" + curve + '/' + std::to_string(at), .unit = unit, .ours = std::move(ours)};
  row.details["curve"] = curve;
  row.details["at"] = at;
  return row;
}

}  // namespace cleave::bench
