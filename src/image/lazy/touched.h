// Which pages of a commit were touched, as an image: page n of it has a bit for each of 32,768
// pages from 32,768 n on.
#pragma once

#include <vector>

#include "image/lazy/restored.h"

namespace cleave::detail::image {

/// Makes what was touched the ref of what was touched, if it is not that already; how many pages.
Result<std::uint64_t> record_touched(RepositoryState& repository, Restored& restored);
/// The numbers of the pages that it says; what it says of others counts for nothing.
Result<std::vector<std::uint32_t>> recorded(RepositoryState& repository, Restored& restored);

}  // namespace cleave::detail::image
