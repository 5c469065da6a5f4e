// Spaces, for C.
#include "capi/handles.h"

using namespace cleave;
using namespace cleave::detail;

namespace {

constexpr const char* kNoProtection = "the protection is none of CLEAVE_NONE, _READ, _READ_WRITE";

}  // namespace

cleave_space* cleave_space_create(cleave_pool* pool, cleave_error* error) {
  if (const char* null = c::null_among(pool)) return c::refuse_handle(null, error);
  return c::handle_of<cleave_space>([&] { return Space::create(pool->pool); }, error);
}

void cleave_space_release(cleave_space* space) { sync::destroy(space); }

cleave_code cleave_space_map(cleave_space* space, uint64_t bytes, cleave_protection protection,
                             cleave_address* at, cleave_error* error) {
  if (const char* null = c::null_among(space, at)) return c::refuse(null, error);
  if (!c::is_protection(protection)) return c::refuse(kNoProtection, error);
  const auto mapped = space->space.map(bytes, static_cast<Protection>(protection));
  if (!mapped) return c::report(mapped.error(), error);
  *at = raw(*mapped);
  c::set_ok(error);
  return CLEAVE_OK;
}

cleave_code cleave_space_map_at(cleave_space* space, cleave_address at, uint64_t bytes,
                                cleave_protection protection, cleave_error* error) {
  if (const char* null = c::null_among(space)) return c::refuse(null, error);
  if (!c::is_protection(protection)) return c::refuse(kNoProtection, error);
  return c::report(space->space.map_at(Address{at}, bytes, static_cast<Protection>(protection)),
                   error);
}

cleave_code cleave_space_unmap(cleave_space* space, cleave_address at, uint64_t bytes,
                               cleave_error* error) {
  if (const char* null = c::null_among(space)) return c::refuse(null, error);
  return c::report(space->space.unmap(Address{at}, bytes), error);
}

cleave_code cleave_space_protect(cleave_space* space, cleave_address at, uint64_t bytes,
                                 cleave_protection protection, cleave_error* error) {
  if (const char* null = c::null_among(space)) return c::refuse(null, error);
  if (!c::is_protection(protection)) return c::refuse(kNoProtection, error);
  return c::report(space->space.protect(Address{at}, bytes, static_cast<Protection>(protection)),
                   error);
}

cleave_code cleave_space_discard(cleave_space* space, cleave_address at, uint64_t bytes,
                                 cleave_error* error) {
  if (const char* null = c::null_among(space)) return c::refuse(null, error);
  return c::report(space->space.discard(Address{at}, bytes), error);
}

void cleave_space_for_each_region(const cleave_space* space, cleave_visit_region visit,
                                  void* context) {
  if (space == nullptr || visit == nullptr) return;
  space->space.for_each_region([visit, context](const Region& region) {
    visit(context, raw(address_of(region.pages.first)), region.pages.pages() * kPageSize,
          static_cast<cleave_protection>(region.protection));
  });
}

cleave_code cleave_space_read(const cleave_space* space, cleave_address from, void* into,
                              size_t bytes, cleave_error* error) {
  if (const char* null = c::null_among(space)) return c::refuse(null, error);
  if (const char* null = c::null_memory(into, bytes)) return c::refuse(null, error);
  return c::report(space->space.read(Address{from}, c::bytes(into, bytes)), error);
}

cleave_code cleave_space_write(cleave_space* space, cleave_address to, const void* from,
                               size_t bytes, cleave_error* error) {
  if (const char* null = c::null_among(space)) return c::refuse(null, error);
  if (const char* null = c::null_memory(from, bytes)) return c::refuse(null, error);
  return c::report(space->space.write(Address{to}, c::bytes(from, bytes)), error);
}

cleave_space* cleave_space_fork(cleave_space* space, cleave_error* error) {
  if (const char* null = c::null_among(space)) return c::refuse_handle(null, error);
  return c::handle_of<cleave_space>([&] { return space->space.fork(); }, error);
}

cleave_snapshot* cleave_space_snapshot(cleave_space* space, cleave_error* error) {
  if (const char* null = c::null_among(space)) return c::refuse_handle(null, error);
  return c::handle_of<cleave_snapshot>([&] { return space->space.snapshot(); }, error);
}

cleave_code cleave_space_rollback(cleave_space* space, const cleave_snapshot* snapshot,
                                  cleave_error* error) {
  if (const char* null = c::null_among(space, snapshot)) return c::refuse(null, error);
  return c::report(space->space.rollback(snapshot->snapshot), error);
}

cleave_hold* cleave_space_hold(cleave_space* space, cleave_address at, uint64_t bytes,
                               cleave_error* error) {
  if (const char* null = c::null_among(space)) return c::refuse_handle(null, error);
  return c::handle_of<cleave_hold>([&] { return space->space.hold(Address{at}, bytes); }, error);
}
