// The target in arenas: what one input did is gone before the next.
#pragma once

#include <span>
#include <vector>

#include <cleave/arena.h>

#include "examples/fuzz/database.h"

namespace cleave::example {

/// One a process, since SQLite is one. Not before a fork server's last fork: a child has no view of
/// its parent's arenas.
class ArenaTarget {
 public:
  ArenaTarget();

  /// Executes one input, and goes back. The result code.
  int run(std::span<const char> statements);
  [[nodiscard]] sqlite3* database() const { return database_; }

 private:
  Pool pool_;
  Arena memory_;
  sqlite3* database_;
  std::vector<Arena> variables_;
};

}  // namespace cleave::example
