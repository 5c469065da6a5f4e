// Which pages may differ from the commit that the joint stands at.
#include "arena/member/member.h"
#include "base/fail.h"
#include "base/page_contents.h"
#include "space/snapshot_state.h"

namespace cleave::detail {

Result<void> Member::collect(PageRun within, const SnapshotState& head) {
  Tracker& tracker = *choice_.tracker;
  auto collected = late_ == nullptr ? tracker.collect(within, changed_)
                                    : late_->collect(tracker, within, changed_);
  if (!collected) return collected;
  for (const Pinned& pinned : pins_) {
    if (pinned.access == PinAccess::read) continue;
    changed_.add(pinned.run);
    suspected_.add(pinned.run);
  }
  compare_hot(within, head);
  const bool all = within == PageRun{0, mapping_.pages()};
  return catch_unseen_ && all ? find_unseen(head) : Result<void>{};
}

// What of it was given back reads as zeroes; a hole that was one before is not read, which would
// give it memory.
Result<void> Member::find_unseen(const SnapshotState& head) {
  ResidentRanges resident(mapping_);
  SnapshotWalk walk(head);
  for (std::uint64_t page = 0; page < mapping_.pages(); ++page) {
    if (changed_.has(page) || is_missing(page)) continue;
    const PageNo number = number_of_page(page);
    if (!walk.has(number) && !resident.has(page)) continue;
    const auto then = walk.look(number);
    if (!then) return tl::unexpected(then.error());
    if (is_the_same(mapping_.alias(page), then->bytes())) continue;
    changed_.add(page);
    return fail(Errc::not_permitted,
                "a page has changed, and tracking did not see it; call mark_dirty() before such a "
                "change (docs/explanation/arena.md has the list)",
                address_of_page(page));
  }
  return {};
}

Result<void> Member::visit_changed(function_ref<void(std::span<const std::byte>)> visit) const {
  return changed_.for_each_run([&](PageRun run) -> Result<void> {
    visit({mapping_.native(run.first), run.pages() * kPageSize});
    return {};
  });
}

}  // namespace cleave::detail
