// Regions that come, go and change, under pins.
#include <thread>
#include <utility>

#include "tests/torture/player.h"

namespace cleave::torture {
template <class Do>
void Player::insist(const char* what, Do what_to_do) {
  while (!done(what_to_do(), what)) {
    drop();
    std::this_thread::yield();
  }
}

void Player::remap() {
  Range range = any_range(4);
  range.first = kStaying + static_cast<unsigned>(chance(kPages - kStaying - range.pages + 1));
  Board& b = board(range.board);
  const std::unique_lock alone(b.remapping, std::try_to_lock);
  if (!alone) return;

  // A pin keeps its frames, whatever comes to these addresses later.
  std::optional<Pin> pinned;
  if (chance(2) == 0) pinned = pin(range, PinAccess::read);
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

// Takes a right away from the other threads for a moment only.
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
  const auto pinned = pin(range, PinAccess::read);
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
// Copies that forks made are equal until they are written to.
void Player::merge() {
  if (torture_.options.backing == Behind::nothing) return;
  const auto report = torture_.pool.merge(torture_.pool.statistics().budget * kPageSize / 4);
  if (done(report, "merge")) did(Counts::merged, report->merged);
}

void Player::trim() {
  if (done(torture_.pool.trim(), "trim")) did(Counts::trims);
}

}  // namespace cleave::torture
