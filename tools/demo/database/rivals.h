// Three ways to return to a state of a database in memory without an arena: SAVEPOINT, the backup
// API, and fork(2).
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "tools/demo/database/source.h"

namespace cleave::demo::database {

inline constexpr std::size_t kDamages = 5;  ///< as many as damages() gives

/// What a way takes to remember a state; and for each damage, to do it, to undo it, and the memory
/// meanwhile. Times are medians in nanoseconds; zeroes: not measured.
struct Way {
  double remember_ns = 0;
  std::array<double, kDamages> do_ns{};
  std::array<double, kDamages> undo_ns{};
  std::array<double, kDamages> bytes{};
};

struct Rivals {
  Way savepoint;  ///< SAVEPOINT, ROLLBACK TO. Its memory is not measured: a journal in SQLite's
                  ///< heap
  Way backup;     ///< sqlite3_backup into a second database in memory, and back
  Way process;    ///< a child by fork(2) does the damage, and its exit undoes it
};

/// Measures all three on `source`, in a process of its own with SQLite as it comes, each `runs`
/// times. Call it while the program has one thread and has not used SQLite. Throws
/// sqlite::DatabaseError.
Rivals measure_rivals(const Source& source, int runs);

}  // namespace cleave::demo::database
