// Views, for C: of snapshots' pages and of holds.
#include "capi/handles.h"

using namespace cleave;
using namespace cleave::detail;

cleave_view* cleave_snapshot_view(const cleave_snapshot* snapshot, cleave_address at,
                                  cleave_error* error) {
  if (const char* null = c::null_among(snapshot)) return c::refuse_handle(null, error);
  cleave_view* made = c::handle_of<cleave_view>(
      [&] { return snapshot->snapshot.view(page_of(Address{at})); }, error);
  if (made != nullptr) {
    const auto bytes = std::get<PageView>(made->view).bytes();
    // Only to be read: iovec has one type for both directions.
    made->page = {const_cast<std::byte*>(bytes.data()), bytes.size()};
  }
  return made;
}

cleave_view* cleave_hold_view(const cleave_hold* hold, cleave_address from, uint64_t bytes,
                              cleave_error* error) {
  if (const char* null = c::null_among(hold)) return c::refuse_handle(null, error);
  return c::handle_of<cleave_view>([&] { return hold->hold.view(Address{from}, bytes); }, error);
}

const iovec* cleave_view_pieces(const cleave_view* view, size_t* count) {
  std::span<const iovec> pieces;
  if (view != nullptr) {
    const auto* of_hold = std::get_if<HoldView>(&view->view);
    pieces = of_hold != nullptr ? of_hold->pieces() : std::span(&view->page, 1);
  }
  if (count != nullptr) *count = pieces.size();
  return pieces.data();
}

uint64_t cleave_view_size(const cleave_view* view) {
  if (view == nullptr) return 0;
  const auto* of_hold = std::get_if<HoldView>(&view->view);
  return of_hold != nullptr ? of_hold->size().value : view->page.iov_len;
}

int cleave_view_is_absent(const cleave_view* view) {
  if (view == nullptr) return 0;
  const auto* of_page = std::get_if<PageView>(&view->view);
  return of_page != nullptr && of_page->is_absent() ? 1 : 0;
}

void cleave_view_release(cleave_view* view) { sync::destroy(view); }
