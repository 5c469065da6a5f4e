// Lets branches of one space diverge, on several threads at once.
#pragma once

#include <cstdint>
#include <vector>

#include <cleave/snapshot.h>
#include <cleave/space.h>

#include "tools/demo/space/history.h"

namespace cleave::demo::space {

/// The file as it lies in the space that all branches come from.
struct Origin {
  Space space;
  Address at;
  std::uint64_t size;
};

struct Branch {
  std::uint64_t number;
  Space space;
  Moment moment;
};

/// A snapshot, of a branch that may be gone by now.
struct Kept {
  std::uint64_t branch;
  Snapshot snapshot;
  Moment moment;
};

/// What was done.
struct Growth {
  std::uint64_t forks_of_origin = 0;
  std::uint64_t forks_of_branches = 0;
  std::uint64_t forks_of_snapshots = 0;
  std::uint64_t edits = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t rollbacks = 0;
  std::uint64_t thrown_away = 0;
  std::vector<double> fork_ns;  ///< each fork's time
};

/// What has grown, and how.
struct Forest {
  std::vector<Branch> branches;
  std::vector<Kept> snapshots;
  Growth growth;
};

/// Makes `forks` branches on `threads` threads. The same seed gives the same branches, however the
/// threads run: each works on branches of its own, which all come from the one origin.
Forest diverge(Origin& origin, std::uint64_t forks, unsigned threads, std::uint64_t seed);

/// No more pages than this are written per fork.
inline constexpr std::uint64_t kMostPagesPerFork = 32;

}  // namespace cleave::demo::space
