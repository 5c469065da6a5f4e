// What the program is to the kernel beside its memory and its descriptors: name, limits, priority;
// and its privileges, group and processors, and the signals that wait for it.
#pragma once

#include <sys/resource.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "adapters/program/state/descriptors.h"

namespace cleave::program {

class Standing {
 public:
  /// Nothing: /proc cannot be read.
  static std::optional<Standing> now();
  /// Makes name, limits and priority so again, and tells what else has changed.
  void restore(Told& told) const;

 private:
  void restore_limits(Told& told) const;

  std::array<char, 16> name_{};
  std::array<rlimit, RLIM_NLIMITS> limits_{};
  int priority_ = 0;
  std::vector<std::string> facts_;  ///< in the order of their names, see standing.cc
};

}  // namespace cleave::program
