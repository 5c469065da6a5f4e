// Many explorations at once, on all processors.
#pragma once

#include <cstddef>
#include <functional>

namespace lab::explore {

/// Calls `job(i)` once for each i below `count`, on `jobs` threads of the system, of which the
/// caller is one; returns when all are done. Who keeps results by their i has the same ones
/// whatever `jobs` is.
void share_out(std::size_t count, unsigned jobs, const std::function<void(std::size_t)>& job);

/// As many jobs as there are processors.
[[nodiscard]] unsigned all_processors();

}  // namespace lab::explore
