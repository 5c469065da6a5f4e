#include <utility>

#include <cleave/accessor.h>
#include <cleave/space.h>

#include "base/check.h"
#include "base/fail.h"
#include "base/handle_access.h"
#include "space/accessor_state.h"
#include "space/pages.h"
#include "sync/memory.h"

namespace cleave {
using namespace detail;
namespace {

// What a moved-from accessor stands on. It remembers no translation, so that every use takes the
// slow path, which tells: a hit pays nothing for the question.
Stamps stamps_of_nothing;
AccessorHit nothing(stamps_of_nothing);
AccessorHit* moved_from() { return &nothing; }

AccessorState& state_of(AccessorHit* hit) {
  CLEAVE_CHECK(hit != moved_from(), "use of a moved-from Accessor");
  return *static_cast<AccessorState*>(hit);
}

void end(AccessorHit* hit) {
  if (hit == moved_from()) return;
  AccessorState& state = state_of(hit);
  SpaceState& space = state.space;
  if (!space.is_here()) return;
  space.frames.counters().accessors.sub(1, sync::relaxed);
  {
    const sync::Guard guard(space.lock);
    space.accessors->detach(state.participant, space.frames);
  }
  sync::destroy(&state);
  space.release();
}

}  // namespace

Result<Accessor> Space::accessor() {
  SpaceState& s = state();
  if (!s.is_here()) return not_here();
  const sync::Guard guard(s.lock);
  if (s.accessors == nullptr) s.accessors = AccessorList::make();
  AccessorState* made = s.accessors == nullptr ? nullptr : sync::make<AccessorState>(s);
  if (made == nullptr) return fail(Errc::no_memory, "out of memory allocating an accessor");
  s.retain();
  s.accessors->attach(made->participant);
  s.frames.counters().accessors.add(1, sync::relaxed);
  return HandleAccess::make<Accessor>(static_cast<AccessorHit*>(made));
}

Accessor::Accessor(Accessor&& other) noexcept : state_(std::exchange(other.state_, moved_from())) {}

Accessor& Accessor::operator=(Accessor&& other) noexcept {
  end(std::exchange(state_, std::exchange(other.state_, moved_from())));
  return *this;
}

Accessor::~Accessor() { end(state_); }

AccessorState& Accessor::state() const { return state_of(state_); }

const std::byte* Accessor::walk_for_reading(PageNo page) { return state().walk_for_reading(page); }
std::byte* Accessor::walk_for_writing(PageNo page) { return state().walk_for_writing(page); }
Result<const std::byte*> Accessor::lock_readable(Address at, std::size_t bytes) {
  return state().lock_readable(at, bytes);
}
Result<std::byte*> Accessor::lock_writable(Address at, std::size_t bytes) {
  return state().lock_writable(at, bytes);
}
void Accessor::unlock() { state().unlock(); }

}  // namespace cleave
