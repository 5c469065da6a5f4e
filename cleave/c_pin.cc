// Pins, for C: of spaces and of arenas.
#include "cleave/c_handles.h"

using namespace cleave;

namespace {

// A space or an accessor pins in the same words.
template <class Source>
cleave_pin* pin(const c::PoolUse& pool, Source& source, cleave_address at, uint64_t bytes,
                cleave_access access, cleave_term term, cleave_error* error) {
  if (!c::is_access(access) || !c::is_term(term)) {
    (void)c::refuse("the access or the term of the pin is none of those in cleave.h", error);
    return nullptr;
  }
  return c::handle_of<cleave_pin>(
      [&] {
        return source.pin(Address{at}, bytes, static_cast<PinAccess>(access),
                          static_cast<PinTerm>(term));
      },
      error, pool);
}

}  // namespace

cleave_pin* cleave_space_pin(cleave_space* space, cleave_address at, uint64_t bytes,
                             cleave_access access, cleave_term term, cleave_error* error) {
  return pin(space->pool, space->space, at, bytes, access, term, error);
}

cleave_pin* cleave_accessor_pin(cleave_accessor* accessor, cleave_address at, uint64_t bytes,
                                cleave_access access, cleave_term term, cleave_error* error) {
  return pin(accessor->pool, accessor->accessor, at, bytes, access, term, error);
}

cleave_pin* cleave_arena_pin(cleave_arena* arena, const void* at, size_t bytes,
                             cleave_access access, cleave_error* error) {
  if (!c::is_access(access)) {
    (void)c::refuse("the access of the pin is none of those in cleave.h", error);
    return nullptr;
  }
  return c::handle_of<cleave_pin>(
      [&] { return arena->arena.pin(at, bytes, static_cast<PinAccess>(access)); }, error,
      arena->pool);
}

const iovec* cleave_pin_pieces(const cleave_pin* pin, size_t* count) {
  if (const Pin* of_space = std::get_if<Pin>(&pin->pin)) {
    *count = of_space->pieces().size();
    return of_space->pieces().data();
  }
  *count = 1;
  return &pin->piece;
}

uint64_t cleave_pin_bytes(const cleave_pin* pin) {
  if (const Pin* of_space = std::get_if<Pin>(&pin->pin)) return of_space->bytes();
  return pin->piece.iov_len;
}

void cleave_pin_release(cleave_pin* pin) { sync::destroy(pin); }
