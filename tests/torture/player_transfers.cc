// What devices read and write while all threads go on.
#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "tests/torture/player.h"

namespace cleave::torture {
namespace {

constexpr std::size_t kMostFlights = 12;
constexpr std::size_t kMostPinsKept = 6;

}  // namespace

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
    if (player.pins_kept_.size() > kMostPinsKept) player.pins_kept_.pop_front();
    return true;
  }
};

// Into a fork of a board, which another thread rolls back, forks or drops meanwhile.
struct Player::BranchReading : Flight {
  Plan plan;
  std::optional<Space> child;
  std::optional<Snapshot> before;
  std::vector<Sector> old;

  std::optional<Sector> in_child(Player& player, std::size_t i) const {
    Sector seen;
    const auto read =
        child->read(address_of(plan.sectors[i]->place), std::as_writable_bytes(std::span(seen)));
    if (!player.done(read, "read of a fork")) return std::nullopt;
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
        const std::optional<Sector> seen = sector(i);
        if (!seen) continue;
        const Known now{.place = plan.sectors[i]->place,
                        .value = plan.sequences[i],
                        .generation = plan.generations[i]};
        player.check_known(where, now, *seen);
      }
    };
    check_all("what a device wrote into a fork, through the pin", [&](std::size_t i) {
      return sector_at(in_pin(
          *pin, (address_of(plan.sectors[i]->place) - address_of_page(plan.range.first)).value));
    });
    if (child) {
      check_all("what a device wrote into a fork",
                [&](std::size_t i) { return in_child(player, i); });
      pin.reset();
      if (player.done(child->rollback(*before), "rollback of a fork")) {
        player.did(Counts::rollbacks);
        for (std::size_t i = 0; i < plan.sectors.size(); ++i) {
          player.did(Counts::checks);
          if (const auto seen = in_child(player, i); seen && *seen != old[i])
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
  flight->pin = pin(plan.range, PinAccess::write);
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
                           ByteCount{plan.range.pages * kPageSize}, PinAccess::write);
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

// From a board to the file, while all threads go on writing.

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
  flight->pin = pin(range, PinAccess::read);
  if (!flight->pin) return;
  flight->slot = free_slots_.back();
  free_slots_.pop_back();
  device_.write(flight->job, flight->pin->pieces(), flight->slot, chance(2) == 0);
  flights_.push_back(std::move(flight));
}

struct Player::HeldWriting : Flight {
  std::unique_ptr<Kept> kept;
  std::optional<HoldView> view;  // until the device has read: with a backing, it keeps pages here
  std::uint64_t slot = 0;
  bool reading_back = false;
  Buffer back{kSlotBytes};

  bool landed(Player& player) override {
    const Range range = kept->interval.range();
    if (job.error != 0) {
      player.torture_.wrong("a device request failed", std::strerror(job.error));
    } else if (!reading_back) {
      view.reset();
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
  auto view = std::get<Hold>(flight->kept->what).view();
  if (!done(view, "view of a hold")) return;
  const std::vector<iovec> pieces(view->pieces().begin(), view->pieces().end());
  flight->view.emplace(std::move(*view));
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

}  // namespace cleave::torture
