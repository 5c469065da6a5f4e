#include "adapters/program/own/open_descriptors.h"

#include <dirent.h>

#include <algorithm>
#include <cstdlib>

namespace cleave::program {

std::vector<int> open_descriptors() {
  std::vector<int> numbers;
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return numbers;
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    const int number = std::atoi(entry->d_name);
    if (number != dirfd(folder)) numbers.push_back(number);
  }
  (void)closedir(folder);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace cleave::program
