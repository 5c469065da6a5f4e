// Snapshots, for C.
#include "capi/handles.h"

using namespace cleave;
using namespace cleave::detail;

cleave_snapshot* cleave_snapshot_copy(const cleave_snapshot* snapshot, cleave_error* error) {
  if (const char* null = c::null_among(snapshot)) return c::refuse_handle(null, error);
  return c::handle<cleave_snapshot>(error, *snapshot);
}

void cleave_snapshot_release(cleave_snapshot* snapshot) { sync::destroy(snapshot); }

cleave_code cleave_snapshot_read(const cleave_snapshot* snapshot, cleave_address from, void* into,
                                 size_t bytes, cleave_error* error) {
  if (const char* null = c::null_among(snapshot)) return c::refuse(null, error);
  if (const char* null = c::null_memory(into, bytes)) return c::refuse(null, error);
  return c::report(snapshot->snapshot.read(Address{from}, c::bytes(into, bytes)), error);
}

cleave_space* cleave_snapshot_fork(const cleave_snapshot* snapshot, cleave_error* error) {
  if (const char* null = c::null_among(snapshot)) return c::refuse_handle(null, error);
  return c::handle_of<cleave_space>([&] { return snapshot->snapshot.fork(); }, error);
}

void cleave_snapshot_for_each_region(const cleave_snapshot* snapshot, cleave_visit_region visit,
                                     void* context) {
  if (snapshot == nullptr || visit == nullptr) return;
  snapshot->snapshot.for_each_region([visit, context](const Region& region) {
    visit(context, raw(address_of(region.pages.first)), region.pages.pages() * kPageSize,
          static_cast<cleave_protection>(region.protection));
  });
}

cleave_code cleave_snapshot_diff(const cleave_snapshot* a, const cleave_snapshot* b,
                                 cleave_visit_range visit, void* context, cleave_error* error) {
  if (const char* null = c::null_among(a, b, visit)) return c::refuse(null, error);
  return c::report(diff(a->snapshot, b->snapshot,
                        [visit, context](PageRange differs) {
                          visit(context, raw(address_of(differs.first)),
                                differs.pages() * kPageSize);
                        }),
                   error);
}
