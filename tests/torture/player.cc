#include "tests/torture/player.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <thread>
#include <utility>

namespace cleave::torture {
namespace {

constexpr std::size_t kAreaSectors = 128;
constexpr std::size_t kAreaBytes = kAreaSectors * kSectorBytes;
constexpr std::size_t kAreas = 4;
constexpr std::size_t kSlotBytes = kMostPages * kPageSize;
constexpr std::size_t kSlots = 8;
constexpr std::size_t kFileBytes = kAreas * kAreaBytes + kSlots * kSlotBytes;
constexpr std::size_t kMostFlights = 12;
constexpr std::size_t kMostKept = 16;
constexpr std::size_t kMostLasting = 6;

std::span<std::byte> registered_part(const Torture& torture) {
  if (!torture.options.registered) return {};
  // All but the zero frame, which nobody may write to.
  const Window& window = torture.pool.frames().window();
  return {window.base() + kPageSize, (window.frames() - 1) * kPageSize};
}

// Where a byte of the pinned range lies.
std::byte* in_pin(const Pin& pin, std::uint64_t offset) {
  for (const iovec& piece : pin.pieces()) {
    if (offset < piece.iov_len) return static_cast<std::byte*>(piece.iov_base) + offset;
    offset -= piece.iov_len;
  }
  return nullptr;
}

}  // namespace

template <class T>
bool Player::done(const Result<T>& result, const char* what) {
  if (result) return true;
  switch (result.error().code) {
    case Errc::no_memory:
      did(Counts::no_memory);
      break;
    case Errc::not_mapped:
    case Errc::not_permitted:
      did(Counts::refused_meanwhile);
      break;
    default:
      torture_.wrong(what, result.error().message());
  }
  return false;
}

template <class Do>
void Player::insist(const char* what, Do what_to_do) {
  while (!done(what_to_do(), what)) {
    drop();
    std::this_thread::yield();
  }
}

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
  while (!lasting_.empty()) release_lasting();
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
      return cling();
    case 17:
      return release_lasting();
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
      torture_.wrong("a page that is mapped cannot be read", read.error().message());
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
      if (interval.stayed(0))
        torture_.wrong("a page that is mapped cannot be read", word.error().message());
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
    // Now and then somebody else gets a chance to see a part.
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

// Pins.

std::optional<Pin> Player::pin(Range range, PinAccess access) {
  const PinTerm term = chance(4) == 0 ? PinTerm::lasting : PinTerm::one_operation;
  const ByteCount bytes{range.pages * kPageSize};
  auto pinned =
      chance(4) == 0
          ? board(range.board).space.pin(address_of_page(range.first), bytes, access, term)
          : accessors_[range.board]->pin(address_of_page(range.first), bytes, access, term);
  if (!done(pinned, "pin")) {
    if (pinned.error().code == Errc::no_memory) drop();
    return std::nullopt;
  }
  if (access == PinAccess::reading) {
    did(term == PinTerm::lasting ? Counts::long_read_pins : Counts::short_read_pins);
  } else {
    did(term == PinTerm::lasting ? Counts::long_write_pins : Counts::short_write_pins);
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

// What I write is what a pin shows, whoever forks meanwhile.
void Player::cling() {
  const Range range = any_range(4);
  std::array<Generation, kMostPages> generations{};
  for (unsigned i = 0; i < range.pages; ++i)
    generations[i] = generation({range.board, range.first + i, 0});
  auto pinned = pin(range, chance(2) == 0 ? PinAccess::reading : PinAccess::writing);
  if (!pinned) return;
  for (unsigned i = 0; i < range.pages; ++i) {
    for (unsigned s = 0; s < kSectorsInPage; ++s) {
      const Place place{range.board, range.first + i, s};
      if (is_mine(place) && writer_of(s) != Writer::device && chance(2) == 0) write(known(place));
    }
  }
  check_through(*pinned, range, generations);
  if (chance(8) != 0) return;
  if (lasting_.size() >= kMostLasting) release_lasting();
  lasting_.push_back({range, generations, std::move(*pinned)});
}

void Player::release_lasting() {
  if (lasting_.empty()) return;
  check_through(lasting_.front().pin, lasting_.front().range, lasting_.front().generations);
  lasting_.pop_front();
}

// From the file into a board.

struct Player::Reading : Flight {
  Plan plan;

  bool landed(Player& player) override {
    --player.readers_of_area_[plan.area];
    if (job.error != 0) player.torture_.wrong("a device read failed", std::strerror(job.error));
    for (std::size_t i = 0; i < plan.sectors.size(); ++i) {
      Known& sector = *plan.sectors[i];
      const Place place = sector.place;
      sector.in_flight = false;
      if (job.error != 0) {
        sector.certain = false;
        continue;
      }
      const Known now{
          .place = place, .value = plan.sequences[i], .generation = plan.generations[i]};
      if (pin) {
        const std::uint64_t offset = (address_of(place) - address_of_page(plan.range.first)).value;
        player.check_known("what a device wrote, through the pin", now,
                           sector_at(in_pin(*pin, offset)));
      }
      Sector seen;
      const auto read = player.accessors_[place.board]->read(
          address_of(place), std::as_writable_bytes(std::span(seen)));
      sector.certain = player.generation(place) == now.generation;
      if (!sector.certain) continue;
      sector.value = now.value;
      sector.generation = now.generation;
      if (read) player.check_known("what a device wrote, as its owner sees it", sector, seen);
      player.board(place.board)
          .published[place.page][place.sector]
          .completed.store(std::uint64_t{now.generation} << 32 | now.value);
    }
    if (pin && player.chance(4) == 0) player.pins_kept_.push_back(std::move(*pin));
    if (player.pins_kept_.size() > kMostLasting) player.pins_kept_.pop_front();
    return true;
  }
};

// Into a fork of a board, which somebody wants to roll back, to fork or to drop meanwhile.
struct Player::BranchReading : Flight {
  Plan plan;
  std::optional<Space> child;
  std::optional<Snapshot> before;
  std::vector<Sector> old;

  Sector in_child(std::size_t i) const {
    Sector seen{};
    (void)child->read(address_of(plan.sectors[i]->place), std::as_writable_bytes(std::span(seen)));
    return seen;
  }
  bool landed(Player& player) override {
    --player.readers_of_area_[plan.area];
    if (job.error != 0) {
      player.torture_.wrong("a device read failed", std::strerror(job.error));
      return true;
    }
    const auto check_all = [&](const char* where, auto sector) {
      for (std::size_t i = 0; i < plan.sectors.size(); ++i) {
        const Known now{.place = plan.sectors[i]->place,
                        .value = plan.sequences[i],
                        .generation = plan.generations[i]};
        player.check_known(where, now, sector(i));
      }
    };
    check_all("what a device wrote into a fork, through the pin", [&](std::size_t i) {
      return sector_at(in_pin(
          *pin, (address_of(plan.sectors[i]->place) - address_of_page(plan.range.first)).value));
    });
    if (child) {
      check_all("what a device wrote into a fork", [&](std::size_t i) { return in_child(i); });
      pin.reset();
      if (player.done(child->rollback(*before), "rollback of a fork")) {
        player.did(Counts::rollbacks);
        for (std::size_t i = 0; i < plan.sectors.size(); ++i) {
          player.did(Counts::checks);
          if (in_child(i) != old[i])
            player.torture_.wrong("a fork is not what it was after a rollback", "");
        }
      }
    }
    return true;
  }
};

void Player::plan_reads() {
  const unsigned area = next_area_++ % kAreas;
  while (readers_of_area_[area] != 0) land_flights(true);
  std::size_t used = 0;
  const std::size_t start = area * kAreaBytes;
  for (unsigned tries = 0; tries < 256; ++tries) {
    Plan plan{.range = any_range(chance(2) == 0 ? 1 : 4), .area = area};
    plan.offset = start + used * kSectorBytes;
    for (unsigned i = 0; i < plan.range.pages; ++i) {
      for (unsigned s = 0; s < kSectorsInPage; ++s) {
        const Place place{plan.range.board, plan.range.first + i, s};
        if (!is_mine(place) || writer_of(s) != Writer::device) continue;
        const Generation now = generation(place);
        if (now % 2 != 0 || used == kAreaSectors) continue;
        Known& sector = known(place);
        const Sector bytes = make_sector(identity(place), now, sector.next);
        std::memcpy(source_.data() + start + used * kSectorBytes, bytes.data(), kSectorBytes);
        plan.sectors.push_back(&sector);
        plan.sequences.push_back(sector.next++);
        plan.generations.push_back(now);
        ++used;
      }
    }
    if (plan.sectors.empty()) continue;
    ++readers_of_area_[area];
    plans_.push_back(std::move(plan));
    if (used == kAreaSectors) break;
  }
  if (used == 0) return;
  Job job;
  const iovec piece = source_.piece(start, used * kSectorBytes);
  device_.write(job, std::span(&piece, 1), start, false);
  device_.finish(job);
  if (job.error != 0) torture_.wrong("a device write failed", std::strerror(job.error));
}

void Player::read_next() {
  if (plans_.empty()) plan_reads();
  if (plans_.empty()) return;
  Plan plan = std::move(plans_.front());
  plans_.pop_front();
  const auto is_in_flight = [](const Known* sector) { return sector->in_flight; };
  while (std::any_of(plan.sectors.begin(), plan.sectors.end(), is_in_flight) ||
         flights_.size() >= kMostFlights)
    land_flights(true);
  for (std::size_t i = 0; i < plan.sectors.size(); ++i) {
    if (generation(plan.sectors[i]->place) == plan.generations[i]) continue;
    --readers_of_area_[plan.area];
    return did(Counts::refused_meanwhile);
  }
  if (chance(8) == 0 && torture_.options.broken == Break::nothing) {
    start_branch_reading(plan);
  } else {
    start_reading(plan);
  }
}

namespace {

// The memory of the plan's sectors, neighbours joined.
template <class Sectors>
std::vector<iovec> memory_of(const Pin& pin, unsigned first_page, const Sectors& sectors) {
  std::vector<iovec> pieces;
  for (const auto* sector : sectors) {
    std::byte* at = in_pin(pin, (address_of(sector->place) - address_of_page(first_page)).value);
    if (!pieces.empty() &&
        static_cast<std::byte*>(pieces.back().iov_base) + pieces.back().iov_len == at) {
      pieces.back().iov_len += kSectorBytes;
    } else {
      pieces.push_back({at, kSectorBytes});
    }
  }
  return pieces;
}

}  // namespace

void Player::start_reading(Plan& plan) {
  auto flight = std::make_unique<Reading>();
  flight->pin = pin(plan.range, PinAccess::writing);
  if (!flight->pin) {
    --readers_of_area_[plan.area];
    return;
  }
  for (std::size_t i = 0; i < plan.sectors.size(); ++i) {
    Known& sector = *plan.sectors[i];
    sector.in_flight = true;
    board(sector.place.board)
        .published[sector.place.page][sector.place.sector]
        .started.store(plan.sequences[i]);
  }
  const auto pieces = memory_of(*flight->pin, plan.range.first, plan.sectors);
  if (torture_.options.broken == Break::fork) flight->pin.reset();
  flight->plan = std::move(plan);
  device_.read(flight->job, pieces, flight->plan.offset, chance(2) == 0);
  flights_.push_back(std::move(flight));
}

void Player::start_branch_reading(Plan& plan) {
  auto flight = std::make_unique<BranchReading>();
  --readers_of_area_[plan.area];  // until it is certain that there will be a flight
  auto child = board(plan.range.board).space.fork();
  if (!done(child, "fork")) return drop();
  did(Counts::forks);
  auto before = child->snapshot();
  if (!done(before, "snapshot of a fork")) return drop();
  did(Counts::snapshots);
  for (const Known* sector : plan.sectors) {
    const Generation generation_then = generation(sector->place);
    Sector& seen = flight->old.emplace_back();
    const auto read =
        before->read(address_of(sector->place), std::as_writable_bytes(std::span(seen)));
    if (!done(read, "read of a fork's snapshot")) return;
    if (sector->certain && generation_then == sector->generation)
      check_known("what a fork's snapshot shows", *sector, seen);
  }
  auto pinned = child->pin(address_of_page(plan.range.first),
                           ByteCount{plan.range.pages * kPageSize}, PinAccess::writing);
  if (!done(pinned, "pin in a fork")) return;
  did(Counts::short_write_pins);
  did(Counts::branches);
  ++readers_of_area_[plan.area];
  const auto pieces = memory_of(*pinned, plan.range.first, plan.sectors);
  flight->pin.emplace(std::move(*pinned));
  flight->child.emplace(std::move(*child));
  flight->before.emplace(std::move(*before));
  flight->plan = std::move(plan);
  device_.read(flight->job, pieces, flight->plan.offset, chance(2) == 0);

  const auto refused = flight->child->rollback(*flight->before);
  if (refused || refused.error().code != Errc::pinned) {
    torture_.wrong("a rollback took a page away from its pin",
                   refused ? "it succeeded" : refused.error().message());
  } else {
    did(Counts::refused_rollbacks);
  }
  if (auto grandchild = flight->child->fork()) did(Counts::forks);
  if (chance(4) == 0) {
    flight->child.reset();
    did(Counts::dropped_in_flight);
  }
  flights_.push_back(std::move(flight));
}

// From a board to the file, while everybody goes on writing.

struct Player::PinnedWriting : Flight {
  explicit PinnedWriting(const Interval& seen_in) : interval(seen_in) {}
  Interval interval;
  std::uint64_t slot = 0;
  bool reading_back = false;
  Buffer back{kSlotBytes};

  bool landed(Player& player) override {
    const Range range = interval.range();
    if (job.error != 0) {
      player.torture_.wrong("a device request failed", std::strerror(job.error));
    } else if (!reading_back) {
      interval.end(player.board(range.board));
      pin.reset();
      reading_back = true;
      const iovec piece = back.piece(0, range.pages * kPageSize);
      player.device_.read(job, std::span(&piece, 1), slot, false);
      return false;
    } else {
      for (unsigned i = 0; i < range.pages; ++i) {
        for (unsigned s = 0; s < kSectorsInPage; ++s) {
          player.check("what a device read through a pin", {range.board, range.first + i, s},
                       sector_at(back.data() + i * kPageSize + s * kSectorBytes),
                       interval.allowed(i, s, View::passing));
        }
      }
    }
    player.free_slots_.push_back(slot);
    return true;
  }
};

void Player::write_pinned() {
  while (free_slots_.empty() || flights_.size() >= kMostFlights) land_flights(true);
  const Range range = any_range(kMostPages);
  auto flight = std::make_unique<PinnedWriting>(Interval(board(range.board), range));
  flight->pin = pin(range, PinAccess::reading);
  if (!flight->pin) return;
  flight->slot = free_slots_.back();
  free_slots_.pop_back();
  device_.write(flight->job, flight->pin->pieces(), flight->slot, chance(2) == 0);
  flights_.push_back(std::move(flight));
}

struct Player::HeldWriting : Flight {
  std::unique_ptr<Kept> kept;
  std::uint64_t slot = 0;
  bool reading_back = false;
  Buffer back{kSlotBytes};

  bool landed(Player& player) override {
    const Range range = kept->interval.range();
    if (job.error != 0) {
      player.torture_.wrong("a device request failed", std::strerror(job.error));
    } else if (!reading_back) {
      reading_back = true;
      const iovec piece = back.piece(0, range.pages * kPageSize);
      player.device_.read(job, std::span(&piece, 1), slot, false);
      return false;
    } else {
      for (unsigned i = 0; i < range.pages * kSectorsInPage; ++i) {
        player.did(Counts::checks);
        if (std::memcmp(back.data() + i * kSectorBytes, kept->bytes.data() + i * kSectorBytes,
                        kSectorBytes) == 0)
          continue;
        player.torture_.lost(
            "what a file was given by a hold",
            {range.board, range.first + i / kSectorsInPage, i % kSectorsInPage},
            {"not what the hold shows", 0, sector_at(back.data() + i * kSectorBytes)[0],
             kSectorBytes},
            kept->interval.allowed(i / kSectorsInPage, i % kSectorsInPage, View::moment));
      }
      player.recheck(*kept);
    }
    player.free_slots_.push_back(slot);
    return true;
  }
};

void Player::write_held() {
  while (free_slots_.empty() || flights_.size() >= kMostFlights) land_flights(true);
  auto flight = std::make_unique<HeldWriting>();
  flight->kept = keep(Sort::hold);
  if (flight->kept == nullptr) return;
  std::vector<iovec> pieces;
  std::get<Hold>(flight->kept->what).for_each_piece([&](std::span<const std::byte> piece) {
    pieces.push_back({const_cast<std::byte*>(piece.data()), piece.size()});
  });
  if (torture_.options.broken == Break::hold) flight->kept->what = std::monostate{};
  flight->slot = free_slots_.back();
  free_slots_.pop_back();
  device_.write(flight->job, pieces, flight->slot, chance(2) == 0);
  flights_.push_back(std::move(flight));
}

void Player::land_flights(bool wait) {
  device_.reap(wait);
  for (auto flight = flights_.begin(); flight != flights_.end();) {
    if ((*flight)->job.pending == 0 && (*flight)->landed(*this)) {
      flight = flights_.erase(flight);
    } else {
      ++flight;
    }
  }
}

void Player::finish_flights() {
  while (!flights_.empty()) land_flights(true);
}

// Forks, snapshots, holds.

std::unique_ptr<Player::Kept> Player::keep(Sort sort) {
  const Range range = any_range(kMostPages);
  Board& b = board(range.board);
  auto kept = std::make_unique<Kept>(Interval(b, range));
  const auto take = [&](auto&& result, Counts::Kind kind, const char* what) {
    kept->interval.end(b);
    if (!done(result, what)) {
      if (result.error().code == Errc::no_memory) drop();
      return false;
    }
    did(kind);
    using Taken = std::remove_cvref_t<decltype(*result)>;
    kept->what.template emplace<Taken>(std::move(*result));
    return true;
  };
  const bool taken =
      sort == Sort::fork ? take(b.space.fork(), Counts::forks, "fork")
      : sort == Sort::snapshot
          ? take(b.space.snapshot(), Counts::snapshots, "snapshot")
          : take(b.space.hold(address_of_page(range.first), ByteCount{range.pages * kPageSize}),
                 Counts::holds, "hold");
  if (!taken) return nullptr;

  if (!read_pages(*kept, kept->bytes, kept->there)) return nullptr;
  for (unsigned i = 0; i < range.pages; ++i) {
    if (!kept->there[i]) {
      if (kept->interval.stayed(i)) torture_.wrong("a page that was mapped is not in a fork", "");
      continue;
    }
    for (unsigned s = 0; s < kSectorsInPage; ++s) {
      constexpr std::array<const char*, 4> kWhere{"", "what a fork shows", "what a snapshot shows",
                                                  "what a hold shows"};
      check(kWhere[kept->what.index()], {range.board, range.first + i, s},
            sector_at(kept->bytes.data() + i * kPageSize + s * kSectorBytes),
            kept->interval.allowed(i, s, View::moment));
    }
  }
  return kept;
}

bool Player::read_pages(Kept& kept, std::vector<std::byte>& bytes,
                        std::array<bool, kMostPages>& there) {
  const Range range = kept.interval.range();
  bytes.assign(range.pages * kPageSize, std::byte{});
  for (unsigned i = 0; i < range.pages; ++i) {
    const Address from = address_of_page(range.first + i);
    const std::span<std::byte> into{bytes.data() + i * kPageSize, kPageSize};
    const auto read = std::visit(
        [&](const auto& what) -> Result<void> {
          if constexpr (std::is_same_v<std::remove_cvref_t<decltype(what)>, std::monostate>) {
            return fail(Errc::not_mapped, "nothing is kept");
          } else {
            return what.read(from, into);
          }
        },
        kept.what);
    there[i] = read.has_value();
    if (!read && read.error().code != Errc::not_mapped) {
      torture_.wrong("a read of what is kept", read.error().message());
      return false;
    }
  }
  return true;
}

void Player::recheck(Kept& kept) {
  if (std::holds_alternative<std::monostate>(kept.what)) return;
  std::vector<std::byte> bytes;
  std::array<bool, kMostPages> there{};
  if (!read_pages(kept, bytes, there)) return;
  did(Counts::rechecks);
  if (there != kept.there) torture_.wrong("pages came or went in what is kept", "");
  const Range range = kept.interval.range();
  for (unsigned i = 0; i < range.pages * kSectorsInPage; ++i) {
    did(Counts::checks);
    if (std::memcmp(bytes.data() + i * kSectorBytes, kept.bytes.data() + i * kSectorBytes,
                    kSectorBytes) == 0)
      continue;
    const Sector now = sector_at(bytes.data() + i * kSectorBytes);
    const Sector then = sector_at(kept.bytes.data() + i * kSectorBytes);
    const auto word = static_cast<unsigned>(
        std::mismatch(now.begin(), now.end(), then.begin()).first - now.begin());
    torture_.lost("what a fork, a snapshot or a hold shows later",
                  {range.board, range.first + i / kSectorsInPage, i % kSectorsInPage},
                  {"it changed", word, now[word], kSectorBytes},
                  kept.interval.allowed(i / kSectorsInPage, i % kSectorsInPage, View::moment));
  }
}

void Player::drop() {
  if (kept_.empty()) return;
  const auto i = static_cast<std::ptrdiff_t>(chance(kept_.size()));
  if (chance(2) == 0) recheck(*kept_[static_cast<std::size_t>(i)]);
  kept_.erase(kept_.begin() + i);
}

// Regions.

void Player::remap() {
  Range range = any_range(4);
  range.first = kStaying + static_cast<unsigned>(chance(kPages - kStaying - range.pages + 1));
  Board& b = board(range.board);
  const std::unique_lock alone(b.remapping, std::try_to_lock);
  if (!alone) return;

  // A pin keeps its frames, whatever comes to these addresses later.
  std::optional<Pin> pinned;
  if (chance(2) == 0) pinned = pin(range, PinAccess::reading);
  std::vector<std::pair<std::uint64_t, Sector>> before;
  if (pinned) {
    for (unsigned i = 0; i < range.pages * kSectorsInPage; ++i) {
      const Place place{range.board, range.first + i / kSectorsInPage, i % kSectorsInPage};
      if (!is_mine(place) || known(place).in_flight) continue;
      before.emplace_back(i * kSectorBytes, sector_at(in_pin(*pinned, i * kSectorBytes)));
    }
  }

  const Address at = address_of_page(range.first);
  const ByteCount bytes{range.pages * kPageSize};
  for (unsigned i = 0; i < range.pages; ++i) b.generations[range.first + i].fetch_add(1);
  if (chance(2) == 0) {
    insist("unmap", [&] { return b.space.unmap(at, bytes); });
    if (chance(2) == 0) std::this_thread::yield();
    insist("map_at", [&] { return b.space.map_at(at, bytes); });
    did(Counts::unmaps);
  } else {
    insist("discard", [&] { return b.space.discard(at, bytes); });
    did(Counts::discards);
  }
  for (unsigned i = 0; i < range.pages; ++i) b.generations[range.first + i].fetch_add(1);

  for (const auto& [offset, sector] : before) {
    did(Counts::checks);
    if (sector_at(in_pin(*pinned, offset)) != sector)
      torture_.wrong("a page changed under its pin when it was unmapped", "");
  }
}

// Takes nothing away from anybody for longer than a moment.
void Player::protect() {
  const Range range = any_range(4);
  Board& b = board(range.board);
  const std::unique_lock alone(b.remapping, std::try_to_lock);
  if (!alone) return;
  const Address at = address_of_page(range.first);
  const ByteCount bytes{range.pages * kPageSize};
  insist("protect", [&] { return b.space.protect(at, bytes, Protection::read); });
  insist("protect", [&] { return b.space.protect(at, bytes, Protection::read_write); });
  did(Counts::protects);
}

void Player::refuse_rollback() {
  const Range range = any_range(1, true);
  const auto pinned = pin(range, PinAccess::reading);
  if (!pinned) return;
  Space& space = board(range.board).space;
  auto now = space.snapshot();
  if (!done(now, "snapshot")) return drop();
  did(Counts::snapshots);
  const auto refused = space.rollback(*now);
  if (refused || refused.error().code != Errc::pinned) {
    torture_.wrong("a rollback took a page away from its pin",
                   refused ? "it succeeded" : refused.error().message());
  } else {
    did(Counts::refused_rollbacks);
  }
}

// Registered memory is kept by the player that registered it.
void Player::trim() {
  if (done(torture_.pool.trim(), "trim")) did(Counts::trims);
}

}  // namespace cleave::torture
