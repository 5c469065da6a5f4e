#include <algorithm>
#include <memory>

#include <cleave/detail/word.h>
#include <cleave/hold.h>

#include "base/check.h"
#include "base/fail.h"
#include "pins/hold_state.h"
#include "pins/pages_of.h"
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

bool Hold::is_in_memory(Address at, ByteCount bytes) const noexcept {
  const HoldState& s = state();
  if (!s.frames.is_here() || s.frames.away() == nullptr) return true;
  return all_pages(at, bytes,
                   [&s](PageNo page) { return s.frames.is_in_memory(s.table.find(page)); });
}

Result<HoldView> Hold::view() const& { return view(state().at, state().size); }

Result<HoldView> Hold::view(Address from, ByteCount bytes) const& {
  const HoldState& s = state();
  if (!s.frames.is_here()) return not_here();
  if (auto inside = check_inside(s, from, bytes.value); !inside) {
    return tl::unexpected(inside.error());
  }
  HoldView view(s.frames);  // which lets go of what it has, should a page not be had
  const Address end = from + bytes;
  for (Address at = from; at < end;) {
    // Room as it is needed: many pages are often one piece.
    if (!view.pieces_.reserve(1))
      return fail(Errc::no_memory, "out of memory listing held pages", at);
    const std::uint64_t offset = offset_in_page(at);
    const std::uint64_t here = std::min(kPageSize - offset, (end - at).value);
    auto look = s.frames.look(s.table.find(page_of(at)));
    if (!look) return fail(look.error().code, look.error().what, at, look.error().system);
    view.pieces_.add(look->keep() + offset, here);
    at = at + here;
  }
  return view;
}

Result<void> Hold::read(Address from, std::span<std::byte> into) const {
  const HoldState& s = state();
  if (!s.frames.is_here()) return not_here();
  if (auto inside = check_inside(s, from, into.size()); !inside) return inside;
  return for_each_page(from, into,
                       [&s](PageNo page, std::uint64_t offset, auto part) -> Result<void> {
                         const auto look = s.frames.look(s.table.find(page));
                         if (!look) return tl::unexpected(look.error());
                         sync::read_bytes(part.data(), look->bytes() + offset, part.size());
                         return {};
                       });
}

HoldView::HoldView(HoldView&& other) noexcept = default;
HoldView& HoldView::operator=(HoldView&& other) noexcept {
  HoldView taken = std::move(other);
  std::swap(frames_, taken.frames_);
  std::swap(pieces_, taken.pieces_);
  return *this;  // what was looked at here goes with `taken`
}

HoldView::~HoldView() {
  if (pieces_.list().empty() || !frames_->is_here() || frames_->away() == nullptr) return;
  for (const iovec& piece : pieces_.list())
    for_each_page_of(piece, [this](const std::byte* page) { frames_->unwire_at(page); });
}

}  // namespace cleave
