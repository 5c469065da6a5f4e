// Holds, for C.
#include "capi/handles.h"

using namespace cleave;
using namespace cleave::detail;

cleave_address cleave_hold_address(const cleave_hold* hold) {
  if (hold == nullptr) return 0;
  return raw(hold->hold.address());
}

uint64_t cleave_hold_size(const cleave_hold* hold) {
  if (hold == nullptr) return 0;
  return hold->hold.size().value;
}

cleave_code cleave_hold_read(const cleave_hold* hold, cleave_address from, void* into, size_t bytes,
                             cleave_error* error) {
  if (const char* null = c::null_among(hold)) return c::refuse(null, error);
  if (const char* null = c::null_memory(into, bytes)) return c::refuse(null, error);
  return c::report(hold->hold.read(Address{from}, c::bytes(into, bytes)), error);
}

void cleave_hold_release(cleave_hold* hold) { sync::destroy(hold); }
