#include <cleave/space.h>

#include "base/fail.h"
#include "space/pages.h"
#include "space/space_state.h"

namespace cleave {
using namespace detail;

Result<void> Space::adopt(Address at, std::span<const Backing::Place> places) {
  SpaceState& s = state();
  if (!s.is_here()) return not_here();
  if (s.frames.away() == nullptr) {
    return fail(Errc::unsupported, "a pool without a backing has no pages away; make one with one",
                at);
  }
  const auto pages = pages_at(at, ByteCount{places.size() * kPageSize});
  if (!pages) return tl::unexpected(pages.error());
  const sync::Guard guard(s.lock);
  if (auto mapped = s.regions.check(*pages, Protection::none); !mapped) return mapped;
  s.revoke_all();
  auto adopted = s.table.adopt(*pages, places, s.frames);
  s.resume();
  return adopted;
}

}  // namespace cleave
