// What the demo of a branchable database says at its end, for a person or for a program.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/demo/database/edits.h"
#include "tools/demo/database/rivals.h"
#include "tools/demo/database/tree.h"

namespace cleave::demo::database {

/// The same damages as the rivals', in the arena.
struct Ours {
  Way way;
  std::array<double, kDamages> pages{};      ///< of memory, 4 KiB, that a rollback had to look at
  std::array<double, kDamages> commit_ns{};  ///< to remember the damaged state, too
};

struct Report {
  std::string source;
  std::string tracking;
  std::string tracking_reason;
  std::uint64_t seed = 0;
  std::uint64_t tables = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  ///< of the database, in its own pages
  double first_commit_ns = 0;
  std::uint64_t first_commit_pages = 0;

  std::vector<Damage> damages;
  Ours ours;
  Rivals rivals;

  std::uint64_t branches = 0;
  double bytes_per_branch = 0;
  Walk walk;

  std::vector<std::string> faults;  ///< of the heap, and of what lies outside

  [[nodiscard]] bool pass() const { return walk.differences.empty() && faults.empty(); }
};

void print_text(Report& report);
void print_json(Report& report);

}  // namespace cleave::demo::database
