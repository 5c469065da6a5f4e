// Pages that the tracker leaves open, since they are written in nearly every epoch.
#include "arena/member/member.h"
#include "space/snapshot_state.h"

namespace cleave::detail {

// Such a page tells nothing but by what it holds. To read a hole would give it memory, and what
// would have to be brought for this counts as changed.
void Member::compare_hot(PageRun within, const SnapshotState& head) noexcept {
  ResidentRanges resident(mapping_);
  (void)hot_.pages().for_each_run(within, [&](PageRun run) -> Result<void> {
    assume_turn();  // by the function around
    for (std::uint64_t page = run.first; page < run.end; ++page) {
      if (changed_.has(page)) continue;
      const PageNo number = number_of_page(page);
      if (!head.has(number) && !resident.has(page)) continue;
      if (head.is_here(number)) {
        const auto then = head.look(number);
        if (then && !hot_.differs(page, mapping_.alias(page), then->bytes())) continue;
      }
      changed_.add(page);
    }
    return {};
  });
}

// Pages that have cooled are told of once more, as they are found open, and need not have changed.
void Member::end_epoch() noexcept {
  Tracker& tracker = *choice_.tracker;
  tracker.epoch_ended(hot_.count_others(changed_));
  hot_.epoch_ended(changed_, tracker.worth_leaving_open(), suspected_);
}

}  // namespace cleave::detail
