// The sizes of arena, and the numbers of pages changed between commits, that are measured.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <cleave/tracking.h>

#include "bench/harness/benchmark.h"
#include "bench/space/touched.h"
#include "measure/system.h"

namespace cleave::bench {

struct Cell {
  const char* size_name;
  ByteCount size;
  std::uint64_t changed;

  [[nodiscard]] std::string name(std::string_view family) const {
    return std::string(family) + '/' + size_name + '/' + std::to_string(changed);
  }
  [[nodiscard]] bool has_goals() const { return size == 1_GiB && changed == 1000; }
  /// Besides those with goals, few pages of much memory, and nearly all of little.
  [[nodiscard]] bool in_full_only() const {
    if (size == 256_MiB) return true;
    return size == 32_MiB ? changed == 10 || changed == 1000 : changed == 100 || changed == 8000;
  }
  /// All pages, or as many, evenly spread, that `copies` of them leave room for others.
  [[nodiscard]] Extent extent(std::uint64_t copies) const {
    const std::uint64_t most = measure::proc_bytes("/proc/meminfo", "MemAvailable").value * 3 / 4;
    return {size, std::max<std::uint64_t>((size.value * copies + most - 1) / most, 1)};
  }
};

/// A benchmark for each. Of the quick ones a single small one measures.
template <class Run>
std::vector<Benchmark> for_each_cell(std::string_view family, const char* what, Run run) {
  constexpr std::array<Cell, 3> kSizes = {
      {{"32MiB", 32_MiB, 0}, {"256MiB", 256_MiB, 0}, {"1GiB", 1_GiB, 0}}};
  std::vector<Benchmark> all;
  for (Cell cell : kSizes) {
    for (const std::uint64_t changed : {10U, 100U, 1000U, 8000U}) {
      cell.changed = changed;
      all.push_back({cell.name(family), what,
                     [=](const Settings& settings) -> std::vector<Row> {
                       if (settings.quick && (cell.size > 32_MiB || cell.changed != 100)) return {};
                       return run(cell, settings);
                     },
                     cell.in_full_only()});
    }
  }
  return all;
}

}  // namespace cleave::bench
