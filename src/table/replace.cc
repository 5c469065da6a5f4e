// Whole pages that are overwritten, several at once. Locked operations and copies are kept apart: a
// locked operation waits until the copy before it has left the processor, so that a page would wait
// for the one before.
#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include <cleave/detail/word.h>

#include "table/table.h"

namespace cleave::detail {
namespace {

// What becomes of one of the pages.
struct Place {
  sync::atomic<Entry>* slot;
  FrameId before;
  FrameId frame;  // another one than before, unless that is the space's own
  [[nodiscard]] bool moves() const { return frame != before; }
};
using Places = std::span<Place>;

// Precondition: the slot is owned. No thread looks at the page without the lock, so nothing is lost
// where a count falls to one meanwhile: the page gets another frame all the same.
Result<Place> place_behind(sync::atomic<Entry>& slot, Frames& frames) {
  const FrameId before = frame_of(slot.load(sync::relaxed));  // written under the lock that we hold
  if (before == kZeroFrame || !Ownership().through(frames.state(before))) {
    return Place{&slot, before, kZeroFrame};
  }
  if (frames.reach_for_writing(before) == nullptr) return frames.lacks(before);
  return Place{&slot, before, before};
}

bool needs_frame(const Place& place) { return place.frame == kZeroFrame; }

// How many of the places have one then: the first, at least.
Result<std::size_t> give_frames(Places places, Frames& frames) {
  std::array<FrameId, Table::kMostNewPages> room;
  const std::span wanted(room.data(),
                         static_cast<std::size_t>(std::ranges::count_if(places, needs_frame)));
  if (wanted.empty()) return places.size();
  const auto taken = frames.take(wanted);
  if (!taken) return tl::unexpected(taken.error());
  std::size_t given = 0;
  std::uint64_t copies = 0;
  std::size_t have = 0;
  for (; have < places.size(); ++have) {
    Place& place = places[have];
    if (!needs_frame(place)) continue;
    if (given == *taken) break;
    place.frame = wanted[given++];
    copies += place.before != kZeroFrame ? 1 : 0;
  }
  frames.counters().copies.add(copies, sync::relaxed);
  frames.counters().zeroed.add(given - copies, sync::relaxed);
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
  const Places all(room.data(), pages.size());
  for (std::size_t i = 0; i < pages.size(); ++i) {
    Retired retired;
    const auto leaf = own_leaf(pages[i].page, frames, retired);
    retired.drop_all(frames);
    if (!leaf) return tl::unexpected(leaf.error());
    auto place = place_behind((*leaf)->entries[entry_index(pages[i].page, 0)], frames);
    if (!place) return tl::unexpected(place.error());
    all[i] = *place;
  }
  const auto count = give_frames(all, frames);
  if (!count) return count;
  const Places places = all.first(*count);
  copy(places, pages.first(*count), frames);
  give_up_what_was(places, frames);
  return count;
}

}  // namespace cleave::detail
