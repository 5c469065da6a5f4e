// Pins without the space's lock, of pages that the space owns already.
#include <algorithm>

#include <cleave/accessor.h>

#include "base/fail.h"
#include "pins/pin_builder.h"
#include "space/accessor_state.h"

namespace cleave {
using namespace detail;
namespace {

// Pins what it can of the next pages in one writing section. False: the next one needs the lock.
// Unchecked: a section that found the write stamp even stands in for the lock.
bool pin_without_lock(AccessorState& s, PinBuilder& builder) CLEAVE_UNCHECKED {
  // relaxed: enter_under() looks at it again.
  if (!s.enter_under(s.stamps.write.load(sync::relaxed))) return false;
  const PageRange rest = builder.rest();
  const Region* region = s.space.regions.find(rest.first);
  bool pinned = false;
  if (region != nullptr && region->protection == Protection::read_write) {
    const PageNo allowed = std::min(rest.end, region->pages.end);
    pinned = builder.pin_owned(s.space.table, allowed) == Table::Stop::ok;
  }
  s.section.leave();
  return pinned;
}

}  // namespace

Result<Pin> Accessor::pin(Address at, ByteCount bytes, PinAccess access, PinTerm term) {
  AccessorState& s = state();
  if (!s.space.is_here()) return not_here();
  if (auto fits = check_pin_range(at, bytes); !fits) return tl::unexpected(fits.error());
  PinBuilder builder(s.space.frames, at, bytes, access, term);
  while (!builder.done()) {
    if (!builder.make_room()) {
      return fail(Errc::no_memory, "out of memory listing pinned pages", at);
    }
    if (pin_without_lock(s, builder)) continue;
    if (auto pinned = builder.pin_locked(s.space); !pinned) {
      return tl::unexpected(pinned.error());
    }
  }
  return builder.take();
}

}  // namespace cleave
