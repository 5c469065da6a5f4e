// Whole pages that are overwritten, several at once. Locked operations and copies are kept apart: a
// locked operation waits until the copy before it has left the processor, so that a page would wait
// for the one before.
#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include <cleave/detail/word.h>

#include "frames/state/lack.h"
#include "table/table.h"

namespace cleave::detail {
namespace {

// What becomes of one of the pages.
struct Place {
  sync::atomic<Entry>* slot;
  FrameId before;
  FrameId frame;  // another one than before, unless that is the space's own, and in memory
  bool owned;     // before is the space's own
  [[nodiscard]] bool moves() const { return frame != before; }
};
using Places = std::span<Place>;

// Precondition: the slot is owned. No thread looks at the page without the lock, so nothing is lost
// where a count falls to one meanwhile: the page gets another frame all the same. So does one that
// is away: of what is overwritten, nothing need be brought.
Place place_behind(sync::atomic<Entry>& slot, const Frames& frames) {
  const FrameId before = frame_of(slot.load(sync::relaxed));  // written under the lock that we hold
  if (before == kZeroFrame) return {&slot, before, kZeroFrame, false};
  const bool owned{Ownership().through(frames.state(before))};
  const bool stays = owned && frames.reach_for_writing(before) != nullptr;
  return {&slot, before, stays ? before : kZeroFrame, owned};
}

bool needs_frame(const Place& place) { return place.frame == kZeroFrame; }

// How many of the places have one then: the first, at least. Error: of the first place.
Result<std::size_t> give_frames(Places places, Frames& frames) {
  std::array<FrameId, Table::kMostNewPages> room;
  const std::span wanted(room.data(),
                         static_cast<std::size_t>(std::ranges::count_if(places, needs_frame)));
  if (wanted.empty()) return places.size();
  const auto taken = frames.take(wanted);
  if (!taken && needs_frame(places.front())) {
    const Place& first = places.front();
    // A pool that holds as many pages as it can has no frame beside the one that is away.
    if (first.owned && !lack::is_memory(taken.error())) return frames.lacks(first.before);
    return tl::unexpected(taken.error());
  }
  const std::size_t at_hand = taken ? *taken : 0;
  std::size_t given = 0;
  std::uint64_t copies = 0;
  std::uint64_t zeroed = 0;
  std::size_t have = 0;
  for (; have < places.size(); ++have) {
    Place& place = places[have];
    if (!needs_frame(place)) continue;
    if (given == at_hand) break;
    place.frame = wanted[given++];
    zeroed += place.before == kZeroFrame ? 1 : 0;
    copies += place.before != kZeroFrame && !place.owned ? 1 : 0;
  }
  frames.counters().copies.add(copies, sync::relaxed);
  frames.counters().zeroed.add(zeroed, sync::relaxed);
  return have;
}

void copy(Places places, std::span<const Table::NewPage> pages, const Frames& frames) {
  for (std::size_t i = 0; i < pages.size(); ++i) {
    sync::prefetch_for_read(pages[i].bytes);
    sync::prefetch_for_write(frames.data(places[i].frame));
  }
  for (std::size_t i = 0; i < pages.size(); ++i) {
    sync::write_bytes(frames.data(places[i].frame), pages[i].bytes, kPageSize);
    // relaxed: until the lock is free, no thread looks.
    places[i].slot->store(entry_for(places[i].frame), sync::relaxed);
  }
}

void give_up_what_was(Places places, Frames& frames) {
  FrameChain freed;
  for (const Place& place : places) {
    if (!place.moves() || place.before == kZeroFrame) continue;
    if (frames.state(place.before).drop()) freed.push(place.before, frames.links());
  }
  frames.give(freed);
}

}  // namespace

Result<std::size_t> Table::replace(std::span<const NewPage> pages, Frames& frames) {
  std::array<Place, kMostNewPages> room;
  std::size_t found = 0;
  Path<Node> path;
  for (; found < pages.size(); ++found) {
    const PageNo page = pages[found].page;
    Retired retired;
    const auto leaf = own_leaf(page, path, frames, retired);
    retired.drop_all(frames);
    if (!leaf && found == 0) return tl::unexpected(leaf.error());
    if (!leaf) break;
    room[found] = place_behind((*leaf)->entries[entry_index(page, 0)], frames);
  }
  const auto count = give_frames({room.data(), found}, frames);
  if (!count) return count;
  const Places places(room.data(), *count);
  copy(places, pages.first(*count), frames);
  give_up_what_was(places, frames);
  return count;
}

}  // namespace cleave::detail
