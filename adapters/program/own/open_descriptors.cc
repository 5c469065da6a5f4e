#include "adapters/program/own/open_descriptors.h"

#include <algorithm>
#include <cstdlib>

#include "adapters/program/own/entries.h"

namespace cleave::program {

std::optional<std::vector<int>> open_descriptors() {
  const Entries folder("/proc/self/fd");
  std::vector<int> numbers;
  while (const char* name = folder.next()) {
    const int number = std::atoi(name);
    if (number != folder.descriptor()) numbers.push_back(number);
  }
  if (!folder.is_complete()) return std::nullopt;
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace cleave::program
