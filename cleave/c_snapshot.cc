// Snapshots and holds, for C.
#include "cleave/c_handles.h"

using namespace cleave;

cleave_snapshot* cleave_snapshot_copy(const cleave_snapshot* snapshot, cleave_error* error) {
  return c::handle<cleave_snapshot>(error, *snapshot);
}

void cleave_snapshot_release(cleave_snapshot* snapshot) { sync::destroy(snapshot); }

cleave_code cleave_snapshot_read(const cleave_snapshot* snapshot, cleave_address from, void* into,
                                 size_t bytes, cleave_error* error) {
  return c::report(snapshot->snapshot.read(Address{from}, c::bytes(into, bytes)), error);
}

const void* cleave_snapshot_page(const cleave_snapshot* snapshot, cleave_address at) {
  const PageNo page = page_of(Address{at});
  return page < kPageLimit ? snapshot->snapshot.page(page) : nullptr;
}

cleave_space* cleave_snapshot_fork(const cleave_snapshot* snapshot, cleave_error* error) {
  return c::handle_of<cleave_space>([&] { return snapshot->snapshot.fork(); }, error,
                                    snapshot->pool);
}

void cleave_snapshot_for_each_region(const cleave_snapshot* snapshot, cleave_visit_region visit,
                                     void* context) {
  snapshot->snapshot.for_each_region([visit, context](const Region& region) {
    visit(context, raw(address_of(region.pages.first)), region.pages.pages() * kPageSize,
          static_cast<cleave_protection>(region.protection));
  });
}

cleave_code cleave_snapshot_diff(const cleave_snapshot* a, const cleave_snapshot* b,
                                 cleave_visit_range visit, void* context, cleave_error* error) {
  return c::report(diff(a->snapshot, b->snapshot,
                        [visit, context](PageRange differs) {
                          visit(context, raw(address_of(differs.first)),
                                differs.pages() * kPageSize);
                        }),
                   error);
}

cleave_address cleave_hold_address(const cleave_hold* hold) { return raw(hold->hold.address()); }

uint64_t cleave_hold_bytes(const cleave_hold* hold) { return hold->hold.bytes().value; }

void cleave_hold_for_each_piece(const cleave_hold* hold, cleave_visit_bytes visit, void* context) {
  hold->hold.for_each_piece([visit, context](std::span<const std::byte> piece) {
    visit(context, piece.data(), piece.size());
  });
}

cleave_code cleave_hold_read(const cleave_hold* hold, cleave_address from, void* into, size_t bytes,
                             cleave_error* error) {
  return c::report(hold->hold.read(Address{from}, c::bytes(into, bytes)), error);
}

void cleave_hold_release(cleave_hold* hold) { sync::destroy(hold); }
