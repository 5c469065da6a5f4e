// Accessors, for C.
#include "capi/handles.h"

using namespace cleave;
using namespace cleave::detail;

namespace {

template <class T>
cleave_code load(cleave_accessor* accessor, cleave_address from, T* value, cleave_error* error) {
  if (const char* null = c::null_among(accessor, value)) [[unlikely]]
    return c::refuse(null, error);
  const auto loaded = accessor->accessor.load<T>(Address{from});
  if (!loaded) [[unlikely]]
    return c::report(loaded.error(), error);
  *value = *loaded;
  c::set_ok(error);
  return CLEAVE_OK;
}

template <class T>
cleave_code store(cleave_accessor* accessor, cleave_address to, T value, cleave_error* error) {
  if (const char* null = c::null_among(accessor)) [[unlikely]]
    return c::refuse(null, error);
  return c::report(accessor->accessor.store<T>(Address{to}, value), error);
}

template <class T>
cleave_code fetch_add(cleave_accessor* accessor, cleave_address at, T delta, T* before,
                      cleave_error* error) {
  if (const char* null = c::null_among(accessor)) return c::refuse(null, error);
  const auto added = accessor->accessor.fetch_add<T>(Address{at}, delta);
  if (!added) return c::report(added.error(), error);
  if (before != nullptr) *before = *added;
  c::set_ok(error);
  return CLEAVE_OK;
}

template <class T>
cleave_code compare_exchange(cleave_accessor* accessor, cleave_address at, T* expected, T desired,
                             cleave_error* error) {
  if (const char* null = c::null_among(accessor, expected)) return c::refuse(null, error);
  const auto seen = accessor->accessor.compare_exchange<T>(Address{at}, *expected, desired);
  if (!seen) return c::report(seen.error(), error);
  *expected = *seen;
  c::set_ok(error);
  return CLEAVE_OK;
}

}  // namespace

cleave_accessor* cleave_accessor_create(cleave_space* space, cleave_error* error) {
  if (const char* null = c::null_among(space)) return c::refuse_handle(null, error);
  return c::handle_of<cleave_accessor>([&] { return space->space.accessor(); }, error);
}

void cleave_accessor_release(cleave_accessor* accessor) { sync::destroy(accessor); }

cleave_code cleave_load8(cleave_accessor* a, cleave_address from, uint8_t* v, cleave_error* e) {
  return load(a, from, v, e);
}
cleave_code cleave_load16(cleave_accessor* a, cleave_address from, uint16_t* v, cleave_error* e) {
  return load(a, from, v, e);
}
cleave_code cleave_load32(cleave_accessor* a, cleave_address from, uint32_t* v, cleave_error* e) {
  return load(a, from, v, e);
}
cleave_code cleave_load64(cleave_accessor* a, cleave_address from, uint64_t* v, cleave_error* e) {
  return load(a, from, v, e);
}

cleave_code cleave_store8(cleave_accessor* a, cleave_address to, uint8_t v, cleave_error* e) {
  return store(a, to, v, e);
}
cleave_code cleave_store16(cleave_accessor* a, cleave_address to, uint16_t v, cleave_error* e) {
  return store(a, to, v, e);
}
cleave_code cleave_store32(cleave_accessor* a, cleave_address to, uint32_t v, cleave_error* e) {
  return store(a, to, v, e);
}
cleave_code cleave_store64(cleave_accessor* a, cleave_address to, uint64_t v, cleave_error* e) {
  return store(a, to, v, e);
}

cleave_code cleave_fetch_add32(cleave_accessor* accessor, cleave_address at, uint32_t delta,
                               uint32_t* before, cleave_error* error) {
  return fetch_add(accessor, at, delta, before, error);
}
cleave_code cleave_fetch_add64(cleave_accessor* accessor, cleave_address at, uint64_t delta,
                               uint64_t* before, cleave_error* error) {
  return fetch_add(accessor, at, delta, before, error);
}
cleave_code cleave_compare_exchange32(cleave_accessor* accessor, cleave_address at,
                                      uint32_t* expected, uint32_t desired, cleave_error* error) {
  return compare_exchange(accessor, at, expected, desired, error);
}
cleave_code cleave_compare_exchange64(cleave_accessor* accessor, cleave_address at,
                                      uint64_t* expected, uint64_t desired, cleave_error* error) {
  return compare_exchange(accessor, at, expected, desired, error);
}

cleave_code cleave_accessor_read(cleave_accessor* accessor, cleave_address from, void* into,
                                 size_t bytes, cleave_error* error) {
  if (const char* null = c::null_among(accessor)) return c::refuse(null, error);
  if (const char* null = c::null_memory(into, bytes)) return c::refuse(null, error);
  return c::report(accessor->accessor.read(Address{from}, c::bytes(into, bytes)), error);
}

cleave_code cleave_accessor_write(cleave_accessor* accessor, cleave_address to, const void* from,
                                  size_t bytes, cleave_error* error) {
  if (const char* null = c::null_among(accessor)) return c::refuse(null, error);
  if (const char* null = c::null_memory(from, bytes)) return c::refuse(null, error);
  return c::report(accessor->accessor.write(Address{to}, c::bytes(from, bytes)), error);
}
