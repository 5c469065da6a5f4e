// What /proc tells of this process, read once for all of a commit, or of a checkout: the program
// rests meanwhile.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "adapters/program/memory/kernel_maps.h"

namespace cleave::program {

struct OpenDescriptor {
  int number;
  std::string what;  ///< a path, or "socket:[1]" and the like
};

struct Proc {
  std::string status;  ///< as /proc/self/status has it
  std::vector<KernelMap> maps;
  std::vector<OpenDescriptor> open;  ///< the program's, in order

  /// The error is a sentence: what cannot be read, so that it is not known what would not go back.
  static tl::expected<Proc, std::string> read();
};

}  // namespace cleave::program
