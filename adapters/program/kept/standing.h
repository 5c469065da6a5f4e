// What the program is to the kernel beside its memory and its descriptors: name, limits, priority,
// how it is scheduled, settings of prctl(2); and its privileges, group and processors, and the
// signals that wait for it.
#pragma once

#include <sys/resource.h>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "adapters/program/kept/proc.h"
#include "adapters/program/kept/told.h"

namespace cleave::program {

class Standing {
 public:
  static Standing now(const Proc& proc);
  /// Makes so again all but privileges, group and the like; of these it tells what is not as it
  /// was, by what /proc told before. So it does of limits and the like that the kernel refuses.
  void restore(const Proc& proc, Told& told) const;

 private:
  static constexpr std::size_t kSettings = 5;

  void restore_limits(Told& told) const;
  void restore_scheduling(Told& told) const;
  void restore_settings(Told& told) const;

  std::array<char, 16> name_{};
  std::array<rlimit, RLIM_NLIMITS> limits_{};
  int priority_ = 0;
  long policy_ = 0;
  int real_time_priority_ = 0;
  std::array<long, kSettings> settings_{};  ///< of prctl(2), see standing.cc
  std::vector<std::string> facts_;          ///< in the order of their names, see standing.cc
};

}  // namespace cleave::program
