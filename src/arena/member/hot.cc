// Pages that the tracker leaves open, since they are written in nearly every epoch.
#include <algorithm>
#include <array>

#include <cleave/detail/word.h>

#include "arena/member/member.h"
#include "space/snapshot_state.h"

namespace cleave::detail {

namespace {

// As many are looked up before the first is compared: what they held is seldom in the cache, and
// comes together.
constexpr std::uint64_t kAhead = 16;

}  // namespace

void Member::compare_hot(PageRun within, const SnapshotState& head) noexcept {
  ResidentRanges resident(mapping_);
  SnapshotWalk walk(head);
  (void)hot_.pages().for_each_run(within, [&](PageRun run) -> Result<void> {
    assume_turn();  // by the function around
    for (; run.first < run.end; run.first += kAhead) {
      compare_some({run.first, std::min(run.first + kAhead, run.end)}, resident, walk);
    }
    return {};
  });
}

// Such a page tells nothing but by what it holds. To read a hole would give it memory, and what
// would have to be brought for this counts as changed.
void Member::compare_some(PageRun pages, ResidentRanges& resident, SnapshotWalk& head) noexcept {
  Frames& frames = head.frames();
  std::array<FrameId, kAhead> then;
  for (std::uint64_t page = pages.first; page < pages.end; ++page) {
    const FrameId frame = head.frame(number_of_page(page));
    then[page - pages.first] = frame;
    if (!frames.is_in_memory(frame)) continue;
    sync::prefetch_for_read(frames.data(frame) + hot_.looked_at_first(page));
  }
  for (std::uint64_t page = pages.first; page < pages.end; ++page) {
    if (changed_.has(page)) continue;
    const FrameId frame = then[page - pages.first];
    if (frame == kZeroFrame && !resident.has(page)) continue;
    if (frames.is_in_memory(frame)) {
      const auto look = frames.look(frame);
      if (look && !hot_.differs(page, mapping_.alias(page), look->bytes())) continue;
    }
    changed_.add(page);
  }
}

// Pages that have cooled are told of once more, as they are found open, and need not have changed.
void Member::end_epoch() noexcept {
  Tracker& tracker = *choice_.tracker;
  tracker.epoch_ended(hot_.count_others(changed_));
  hot_.epoch_ended(changed_, tracker.worth_leaving_open(), suspected_);
}

}  // namespace cleave::detail
