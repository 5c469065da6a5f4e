// What a space gives to devices.
#include <cleave/space.h>

#include "base/fail.h"
#include "base/handle_access.h"
#include "pins/hold_state.h"
#include "pins/pin_builder.h"
#include "space/space_state.h"

namespace cleave {
using namespace detail;

Result<Pin> Space::pin(Address at, ByteCount bytes, PinAccess access, PinTerm term) {
  SpaceState& s = state();
  if (!s.is_here()) return not_here();
  if (auto fits = check_pin_range(at, bytes); !fits) return tl::unexpected(fits.error());
  return PinBuilder(s.frames, at, bytes, access, term).finish_locked(s);
}

Result<Hold> Space::hold(Address at, ByteCount bytes) {
  SpaceState& s = state();
  if (!s.is_here()) return not_here();
  if (auto fits = check_pin_range(at, bytes); !fits) return tl::unexpected(fits.error());
  const PageRange range{page_of(at), page_of(at + (bytes + (kPageSize - 1)))};
  HoldState* made = HoldState::make(s.frames, at, bytes);
  if (made == nullptr) return fail(Errc::no_memory, "out of memory allocating a hold");
  auto held = HandleAccess::make<Hold>(made);
  const auto forked = s.with_lock([&]() -> Result<void> {
    s.lock.assume_held();  // by with_lock()
    if (auto allowed = s.regions.check(range, Protection::read); !allowed) return allowed;
    s.revoke_writers();
    auto done = made->table.fork_range_from(s.table, range, s.frames);
    s.resume();
    return done;
  });
  if (!forked) return tl::unexpected(forked.error());
  return held;
}

}  // namespace cleave
