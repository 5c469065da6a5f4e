#include "pins/pin_builder.h"

#include <algorithm>

#include "base/fail.h"
#include "space/pages.h"
#include "space/space_state.h"

namespace cleave::detail {

PinBuilder::PinBuilder(Frames& frames, Address at, ByteCount bytes, PinAccess access, PinTerm term)
    : pin_(frames, access), term_(term), at_(at), end_(at + bytes), all_(rest()) {}

bool PinBuilder::make_room() noexcept {
  return pin_.pieces_.reserve(std::min<std::uint64_t>(rest().pages(), kStride));
}

Table::Stop PinBuilder::pin_owned(Table& table, PageNo end) noexcept {
  const auto add = [this](FrameId frame) {
    const std::uint64_t offset = offset_in_page(at_);
    const std::uint64_t size = std::min(kPageSize - offset, (end_ - at_).value);
    pin_.pieces_.add(pin_.frames_->data(frame) + offset, size);
    at_ = at_ + size;
  };
  end = std::min(end, page_of(at_) + kStride);
  auto stop = Table::Stop::ok;
  while (stop == Table::Stop::ok && !done() && page_of(at_) < end) {
    stop = table.pin_owned({page_of(at_), end}, pin_.access_, *pin_.frames_, add);
  }
  return stop;
}

Result<void> PinBuilder::pin_locked(SpaceState& space) {
  const Protection needed =
      pin_.access_ == PinAccess::write ? Protection::read_write : Protection::read;
  return space.with_lock([&]() -> Result<void> {
    space.lock.assume_held();  // by with_lock()
    const PageNo end = page_of(at_) + 1;
    Table::Stop stop;
    do {
      if (auto owned = space.owned(page_of(at_), needed); !owned) {
        Error error = owned.error();
        error.where = at_;
        return tl::unexpected(error);
      }
      stop = pin_owned(space.table, end);
      // Owned a moment ago, under this lock, and reached. If it is not now, an equal page is about
      // to be merged with it, which has to wait for this lock before it goes on.
    } while (stop == Table::Stop::not_owned && sync::performs("pin.own_again"));
    if (stop == Table::Stop::ok) return {};
    return fail(Errc::too_many_pins, "the page has as many pins as can be counted; release some",
                at_);
  });
}

Result<Pin> PinBuilder::finish_locked(SpaceState& space) {
  while (!done()) {
    if (!pin_.pieces_.reserve(1)) {
      return fail(Errc::no_memory, "out of memory listing pinned pages", at_);
    }
    if (auto pinned = pin_locked(space); !pinned) return tl::unexpected(pinned.error());
  }
  return take();
}

// A result at once: a pin that is moved twice in a row waits for its first move to be stored.
Result<Pin> PinBuilder::take() {
  pin_.place_ = pin_.frames_->retain_pins(static_cast<unsigned>(term_), all_.pages());
  pin_.counted_ = all_.pages();
  return std::move(pin_);
}

Result<void> check_pin_range(Address at, ByteCount bytes) {
  if (bytes == 0) return fail(Errc::bad_argument, "the size is zero", at);
  return check_within_limit(at, bytes.value);
}

}  // namespace cleave::detail
