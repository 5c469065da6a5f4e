#include <algorithm>
#include <memory>

#include <cleave/detail/word.h>
#include <cleave/hold.h>

#include "base/check.h"
#include "base/fail.h"
#include "pins/hold_state.h"
#include "space/pages.h"

namespace cleave {
using namespace detail;
namespace {

Result<void> check_inside(const HoldState& held, Address from, std::uint64_t bytes) {
  if (from >= held.at && (from - held.at).value <= held.size.value &&
      bytes <= held.size.value - (from - held.at).value) {
    return {};
  }
  return fail(Errc::bad_argument, "the range is not inside what is held", from);
}

}  // namespace

Hold& Hold::operator=(Hold&& other) noexcept {
  HoldState::end(std::exchange(state_, std::exchange(other.state_, nullptr)));
  return *this;
}

Hold::~Hold() { HoldState::end(state_); }

HoldState& Hold::state() const noexcept {
  CLEAVE_CHECK(state_ != nullptr, "use of a moved-from Hold");
  return *state_;
}

Address Hold::address() const noexcept { return state().at; }
ByteCount Hold::size() const noexcept { return state().size; }

Result<HoldView> Hold::view() const& { return view(state().at, state().size); }

Result<HoldView> Hold::view(Address from, ByteCount bytes) const& {
  const HoldState& s = state();
  if (!s.frames.is_here()) return not_here();
  if (auto inside = check_inside(s, from, bytes.value); !inside) {
    return tl::unexpected(inside.error());
  }
  Pieces pieces;
  const Address end = from + bytes;
  for (Address at = from; at < end;) {
    // Room as it is needed: many pages are often one piece.
    if (!pieces.reserve(1)) return fail(Errc::no_memory, "out of memory listing held pages", at);
    const std::uint64_t offset = offset_in_page(at);
    const std::uint64_t here = std::min(kPageSize - offset, (end - at).value);
    pieces.add(s.frames.data(s.table.find(page_of(at))) + offset, here);
    at = at + here;
  }
  return HoldView(std::move(pieces));
}

Result<void> Hold::read(Address from, std::span<std::byte> into) const {
  const HoldState& s = state();
  if (!s.frames.is_here()) return not_here();
  if (auto inside = check_inside(s, from, into.size()); !inside) return inside;
  return for_each_page(
      from, into, [&s](PageNo page, std::uint64_t offset, auto part) -> Result<void> {
        sync::read_bytes(part.data(), s.frames.data(s.table.find(page)) + offset, part.size());
        return {};
      });
}

HoldView::HoldView(HoldView&& other) noexcept = default;
HoldView& HoldView::operator=(HoldView&& other) noexcept = default;
HoldView::~HoldView() = default;

}  // namespace cleave
