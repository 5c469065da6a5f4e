// Pins, for C: of spaces and of arenas.
#include "capi/handles.h"

using namespace cleave;
using namespace cleave::detail;

namespace {

// Spaces, accessors and arenas pin in the same words.
template <class Handle, class Source, class Place>
cleave_pin* pin(Handle* handle, Source Handle::*source, Place at, uint64_t bytes,
                cleave_access access, cleave_term term, cleave_error* error) {
  if (const char* null = c::null_among(handle)) return c::refuse_handle(null, error);
  if (!c::is_access(access) || !c::is_term(term)) {
    (void)c::refuse("the access or the term of the pin is none of those in cleave/c.h", error);
    return nullptr;
  }
  return c::handle_of<cleave_pin>(
      [&] {
        return (handle->*source)
            .pin(at, bytes, static_cast<PinAccess>(access), static_cast<PinTerm>(term));
      },
      error);
}

}  // namespace

cleave_pin* cleave_space_pin(cleave_space* space, cleave_address at, uint64_t bytes,
                             cleave_access access, cleave_term term, cleave_error* error) {
  return pin(space, &cleave_space::space, Address{at}, bytes, access, term, error);
}

cleave_pin* cleave_accessor_pin(cleave_accessor* accessor, cleave_address at, uint64_t bytes,
                                cleave_access access, cleave_term term, cleave_error* error) {
  return pin(accessor, &cleave_accessor::accessor, Address{at}, bytes, access, term, error);
}

cleave_pin* cleave_arena_pin(cleave_arena* arena, const void* at, size_t bytes,
                             cleave_access access, cleave_term term, cleave_error* error) {
  return pin(arena, &cleave_arena::arena, at, bytes, access, term, error);
}

const iovec* cleave_pin_pieces(const cleave_pin* pin, size_t* count) {
  std::span<const iovec> pieces;
  if (pin != nullptr) pieces = std::visit([](const auto& p) { return p.pieces(); }, pin->pin);
  if (count != nullptr) *count = pieces.size();
  return pieces.data();
}

uint64_t cleave_pin_size(const cleave_pin* pin) {
  if (pin == nullptr) return 0;
  return std::visit([](const auto& p) { return p.size().value; }, pin->pin);
}

void cleave_pin_release(cleave_pin* pin) { sync::destroy(pin); }
