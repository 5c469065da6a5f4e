#include "tests/torture/player.h"

#include <span>
#include <string>
#include <thread>
#include <utility>

#include <cleave/must.h>

#include "base/handle_access.h"
#include "frames/frames.h"

namespace cleave::torture {
namespace {

constexpr std::size_t kMostKept = 16;

std::span<std::byte> registered_part(const Torture& torture) {
  if (!torture.options.registered) return {};
  // All but the zero frame, which no thread may write to.
  const detail::FrameFile& file = detail::HandleAccess::state(torture.pool).file();
  return {file.base() + kPageSize, (file.slots() - 1) * kPageSize};
}

}  // namespace

Player::Player(Torture& torture, unsigned self)
    : torture_(torture),
      self_(self),
      random_(torture.options.seed * 1000 + self),
      device_(torture.options.directory, kFileBytes, torture.options.direct,
              registered_part(torture)),
      source_(kAreas * kAreaBytes) {
  for (unsigned b = 0; b < kBoards; ++b) {
    for (unsigned p = 0; p < kPages; ++p) {
      for (unsigned s = 0; s < kSectorsInPage; ++s) {
        const Place place{b, p, s};
        if (owner_of(place, torture.options.threads) != self) continue;
        Known& mine = mine_.emplace_back();
        mine.place = place;
        known_[b][p][s] = &mine;
        if (writer_of(s) != Writer::device) written_by_me_.push_back(&mine);
      }
    }
  }
  for (std::uint64_t i = 0; i < kSlots; ++i)
    free_slots_.push_back(kAreas * kAreaBytes + i * kSlotBytes);
}

Player::~Player() = default;

const Counts& Player::counts() {
  const DeviceCounts& device = device_.counts();
  counts_.count[Counts::device_reads] = device.reads;
  counts_.count[Counts::device_read_bytes] = device.read_bytes;
  counts_.count[Counts::device_writes] = device.writes;
  counts_.count[Counts::device_write_bytes] = device.write_bytes;
  counts_.count[Counts::fixed_requests] = device.fixed;
  return counts_;
}

void Player::play() {
  for (unsigned b = 0; b < kBoards; ++b) accessors_[b].emplace(must(board(b).space.accessor()));
  for (Known* sector : written_by_me_) write(*sector);
  while (!torture_.stop.load(std::memory_order_relaxed)) {
    step();
    land_flights(false);
  }
  finish_flights();
  while (!long_pins_.empty()) release_long_pin();
  pins_kept_.clear();
  for (auto& kept : kept_) recheck(*kept);
  kept_.clear();
  for (auto& accessor : accessors_) accessor.reset();
}

void Player::step() {
  switch (chance(40)) {
    default:
      return write_sector();
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
      return read_next();
    case 6:
    case 7:
    case 8:
      return check_own();
    case 9:
    case 10:
      return look();
    case 11:
    case 12:
    case 13:
    case 14:
    case 15:
    case 16:
      return keep_pinned();
    case 17:
      return release_long_pin();
    case 18:
      return write_pinned();
    case 19:
      return write_held();
    case 20:
    case 21:
    case 22:
    case 23:
    case 24:
    case 25: {
      auto kept = keep(chance(3) == 0 ? Sort::snapshot : chance(3) == 0 ? Sort::hold : Sort::fork);
      if (kept != nullptr) kept_.push_back(std::move(kept));
      if (kept_.size() > kMostKept) drop();
      return;
    }
    case 26:
      if (!kept_.empty()) recheck(*kept_[chance(kept_.size())]);
      return;
    case 27:
    case 28:
      return drop();
    case 29:
      return chance(4) == 0 ? remap() : void();
    case 30:
      return chance(4) == 0 ? protect() : void();
    case 31:
      return chance(4) == 0 ? refuse_rollback() : void();
    case 32:
      if (chance(64) == 0) trim();
      if (chance(2) == 0) merge();
      if (chance(64) == 0) {
        auto& accessor = accessors_[chance(kBoards)];
        const auto b = static_cast<unsigned>(&accessor - accessors_.data());
        accessor.reset();
        accessor.emplace(must(board(b).space.accessor()));
      }
      return;
  }
}

// Checks.

void Player::check(const char* where, Place place, const Sector& seen, const Allowed& allowed) {
  did(Counts::checks);
  if (allowed.known && allowed.low != allowed.high) {
    did(Counts::under_way);
    if (sequence_in(seen[0]) != sequence_in(seen[kWords - 1])) did(Counts::in_part);
  }
  if (const auto difference = check_sector(seen, identity(place), allowed)) [[unlikely]] {
    torture_.lost(where, place, *difference, allowed);
  }
}

void Player::check_known(const char* where, const Known& sector, const Sector& seen) {
  check(where, sector.place, seen,
        {.writer = writer_of(sector.place.sector),
         .view = View::moment,
         .known = true,
         .generation = sector.generation,
         .low = sector.value,
         .high = sector.value});
}

// With little memory, all of it may be pinned for a while.
void Player::cannot_read_mapped(const Error& why) {
  if (why.code == Errc::no_memory) return did(Counts::no_memory);
  torture_.wrong("a page that is mapped cannot be read", why.message());
}

void Player::check_own() {
  const Range range = any_range(1);
  for (unsigned s = 0; s < kSectorsInPage; ++s) {
    const Place place{range.board, range.first, s};
    if (!is_mine(place) || known(place).in_flight) continue;
    Known& sector = known(place);
    const Generation before = generation(place);
    Sector seen;
    const auto read =
        accessors_[range.board]->read(address_of(place), std::as_writable_bytes(std::span(seen)));
    if (before % 2 != 0 || generation(place) != before) continue;
    if (!read) {
      cannot_read_mapped(read.error());
      continue;
    }
    if (!sector.certain) {
      check("what its owner reads after an unmapping", place, seen,
            {.writer = writer_of(s),
             .view = View::passing,
             .known = false,
             .generation = before,
             .low = 0,
             .high = sector.next - 1});
      continue;
    }
    if (sector.generation != before) {
      // All of it was written before the page went: nothing of it may come back.
      sector.generation = before;
      sector.value = 0;
      board(range.board).published[range.first][s].completed.store(std::uint64_t{before} << 32);
    }
    check_known("what its owner reads", sector, seen);
  }
}

void Player::check_at_the_end() {
  for (Known& sector : mine_) {
    const Generation now = generation(sector.place);
    Sector seen;
    must(board(sector.place.board)
             .space.read(address_of(sector.place), std::as_writable_bytes(std::span(seen))));
    if (!sector.certain) continue;
    if (sector.generation != now) sector.value = 0;
    sector.generation = now;
    check_known("what is there at the end", sector, seen);
  }
}

// What others write, as it goes by.
void Player::look() {
  const Range range = any_range(1);
  const Place place{range.board, range.first, static_cast<unsigned>(chance(kSectorsInPage))};
  if (writer_of(place.sector) == Writer::whole) return;
  Interval interval(board(range.board), range);
  Sector seen;
  for (unsigned i = 0; i < kWords; ++i) {
    const auto word =
        accessors_[range.board]->load<std::uint64_t>(address_of(place) + std::uint64_t{8} * i);
    if (!word) {
      interval.end(board(range.board));
      if (interval.stayed(0)) cannot_read_mapped(word.error());
      return;
    }
    seen[i] = *word;
  }
  interval.end(board(range.board));
  check("what another thread reads", place, seen, interval.allowed(0, place.sector, View::passing));
}

// Writing.

Range Player::any_range(unsigned most, bool staying) {
  const auto pages = static_cast<unsigned>(1 + chance(most));
  const unsigned end = staying ? kStaying : kPages;
  return {static_cast<unsigned>(chance(kBoards)), static_cast<unsigned>(chance(end - pages + 1)),
          pages};
}

void Player::write_sector() { write(*written_by_me_[chance(written_by_me_.size())]); }

void Player::write(Known& sector) {
  const Generation before = generation(sector.place);
  if (before % 2 != 0) return did(Counts::refused_meanwhile);
  const Sequence sequence = sector.next++;
  const Sector bytes = make_sector(identity(sector.place), before, sequence);
  auto& published = board(sector.place.board).published[sector.place.page][sector.place.sector];
  published.started.store(sequence);

  const auto try_again = [this](const Result<void>& result) {
    if (done(result, "write") || result.error().code == Errc::not_mapped) return false;
    if (result.error().code == Errc::no_memory) drop();
    std::this_thread::yield();
    return true;
  };
  Accessor& accessor = *accessors_[sector.place.board];
  Result<void> written;
  if (writer_of(sector.place.sector) == Writer::whole) {
    do {
      written = accessor.write(address_of(sector.place), std::as_bytes(std::span(bytes)));
    } while (try_again(written));
  } else {
    // Now and then another thread gets a chance to see a part.
    const auto pause = static_cast<unsigned>(chance(std::uint64_t{16} * kWords));
    for (unsigned i = 0; i < kWords && written; ++i) {
      if (i == pause) std::this_thread::yield();
      do {
        written = accessor.store(address_of(sector.place) + std::uint64_t{8} * i, bytes[i]);
      } while (try_again(written));
    }
  }
  sector.certain = written && generation(sector.place) == before;
  if (!sector.certain) return;
  sector.value = sequence;
  sector.generation = before;
  published.completed.store(std::uint64_t{before} << 32 | sequence);
  did(Counts::sector_writes);
}

}  // namespace cleave::torture
