#include "backing/page.h"

// All of it is in the header then: nothing to link with.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cleave::detail::backing {

std::uint64_t checksum(const std::byte* page) noexcept { return XXH3_64bits(page, kPageSize); }

}  // namespace cleave::detail::backing
