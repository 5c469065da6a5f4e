// Pins: what I write is what they show.
#include <utility>

#include "tests/torture/player.h"

namespace cleave::torture {
namespace {

constexpr std::size_t kMostLongPins = 6;

}  // namespace

std::byte* in_pin(const Pin& pin, std::uint64_t offset) {
  for (const iovec& piece : pin.pieces()) {
    if (offset < piece.iov_len) return static_cast<std::byte*>(piece.iov_base) + offset;
    offset -= piece.iov_len;
  }
  return nullptr;
}

std::optional<Pin> Player::pin(Range range, PinAccess access) {
  const PinTerm term = chance(4) == 0 ? PinTerm::long_term : PinTerm::short_term;
  const ByteCount bytes{range.pages * kPageSize};
  auto pinned =
      chance(4) == 0
          ? board(range.board).space.pin(address_of_page(range.first), bytes, access, term)
          : accessors_[range.board]->pin(address_of_page(range.first), bytes, access, term);
  if (!done(pinned, "pin")) {
    if (pinned.error().code == Errc::no_memory) drop();
    return std::nullopt;
  }
  if (access == PinAccess::read) {
    did(term == PinTerm::long_term ? Counts::long_read_pins : Counts::short_read_pins);
  } else {
    did(term == PinTerm::long_term ? Counts::long_write_pins : Counts::short_write_pins);
  }
  return std::move(*pinned);
}

void Player::check_through(const Pin& pin, Range range,
                           const std::array<Generation, kMostPages>& generations) {
  for (unsigned i = 0; i < range.pages; ++i) {
    for (unsigned s = 0; s < kSectorsInPage; ++s) {
      const Place place{range.board, range.first + i, s};
      if (!is_mine(place)) continue;
      const Known& sector = known(place);
      if (sector.in_flight || !sector.certain || sector.generation != generations[i] ||
          generation(place) != generations[i])
        continue;
      check_known("what a pin shows its owner", sector,
                  sector_at(in_pin(pin, i * kPageSize + s * kSectorBytes)));
    }
  }
}

// What this thread writes is what a pin shows, whichever thread forks meanwhile.
void Player::keep_pinned() {
  const Range range = any_range(4);
  std::array<Generation, kMostPages> generations{};
  for (unsigned i = 0; i < range.pages; ++i)
    generations[i] = generation({range.board, range.first + i, 0});
  auto pinned = pin(range, chance(2) == 0 ? PinAccess::read : PinAccess::write);
  if (!pinned) return;
  for (unsigned i = 0; i < range.pages; ++i) {
    for (unsigned s = 0; s < kSectorsInPage; ++s) {
      const Place place{range.board, range.first + i, s};
      if (is_mine(place) && writer_of(s) != Writer::device && chance(2) == 0) write(known(place));
    }
  }
  check_through(*pinned, range, generations);
  if (chance(8) != 0) return;
  if (long_pins_.size() >= kMostLongPins) release_long_pin();
  long_pins_.push_back({range, generations, std::move(*pinned)});
}

void Player::release_long_pin() {
  if (long_pins_.empty()) return;
  check_through(long_pins_.front().pin, long_pins_.front().range, long_pins_.front().generations);
  long_pins_.pop_front();
}

}  // namespace cleave::torture
