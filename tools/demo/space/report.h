// What the demo says at its end, for a person or for a program.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/demo/space/check.h"
#include "tools/demo/space/cost.h"
#include "tools/demo/space/diverge.h"
#include "tools/demo/space/io.h"
#include "tools/demo/space/source_file.h"

namespace cleave::demo::space {

struct Report {
  SourceFile file;
  std::uint64_t forks = 0;
  unsigned threads = 0;
  std::uint64_t seed = 0;

  Cost space;
  Cost process;
  Cost copy;

  Growth growth;
  std::uint64_t branches = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t bytes = 0;  ///< in frames, beside the file
  double fork_median_ns = 0;
  double fork_p99_ns = 0;
  Transfers transfers;  ///< meanwhile

  std::vector<Difference> differences;
  std::vector<std::string> miscounts;  ///< of the pool

  [[nodiscard]] bool pass() const {
    return differences.empty() && miscounts.empty() && transfers.bytes_lost == 0;
  }
};

void print_text(const Report& report);
void print_json(const Report& report);

}  // namespace cleave::demo::space
