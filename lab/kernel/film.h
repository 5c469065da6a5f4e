// What was seen of one run on the kernel, as what a report can show.
#pragma once

#include <optional>

#include "lab/kernel/play.h"
#include "lab/report/film.h"

namespace lab::kernel {

/// Nothing: no run was looked at, or it ended in another way than those that were counted. Frames have numbers in the
/// order in which they come up; one that was free between two shots is another page when it comes again.
std::optional<report::Film> film_of(const Play& play, const Reel& reel);

}  // namespace lab::kernel
