// What the engine's common operations cost on this machine, beside fork(2).
#pragma once

#include <string>
#include <vector>

#include <cleave/error.h>

namespace cleave::doctor {

struct Cost {
  std::string name;
  double ns;
};

/// Some 20 ms of measuring and 80 MiB of memory. Errors: those of the pool; then cleave does not
/// work here.
Result<std::vector<Cost>> measure_costs();

/// Uses the engine once, in the smallest way. Errors: those of the pool.
Result<void> try_engine();

}  // namespace cleave::doctor
