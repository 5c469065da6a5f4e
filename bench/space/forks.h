// Forks as several benchmarks time them.
#pragma once

#include <cleave/space.h>

namespace cleave::bench {

/// A fork of `space`: one of a hundred that stay alive, since one is too short for the clock. The
/// children are dropped outside of the time.
double fork_space(Space& space);

/// fork(2) as the parent sees it, which is when it can go on. The child exits at once.
double fork_process();

}  // namespace cleave::bench
