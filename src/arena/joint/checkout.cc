// How all members become what one commit has.
#include <algorithm>

#include "arena/joint/joint.h"
#include "arena/joint/trap.h"
#include "arena/member/arrivals.h"
#include "base/fail.h"
#include "base/handle_access.h"

namespace cleave::detail {

Result<void> Joint::checkout(const Commit& target) {
  if (auto here = check_here(); !here) return here;
  const sync::Guard guard(lock_);
  if (!history_->has(target)) {
    return fail(Errc::bad_argument, "the commit belongs to another arena");
  }
  return stand_at(target);
}

Result<void> Joint::revert() {
  if (auto here = check_here(); !here) return here;
  const sync::Guard guard(lock_);
  return stand_at(*head_);
}

Result<void> Joint::check_members(const SnapshotState& target) const {
  const auto check_none_in = [&](PageNo first, PageNo end) -> Result<void> {
    const Region* region = first == end ? nullptr : target.regions.first_from(first);
    if (region == nullptr || region->pages.first >= end) return {};
    return fail(Errc::not_mapped,
                "the commit has memory of an arena that has ended since; commit once more, and go "
                "back as far as that",
                address_of(std::max(first, region->pages.first)));
  };
  PageNo covered{0};
  for (const Member* member : members_) {
    const PageRange range = member->range();
    if (auto none = check_none_in(covered, range.first); !none) return none;
    if (auto has = target.regions.check(range, Protection::read); !has) {
      return fail(Errc::not_mapped,
                  "the commit is of before an arena joined this history, and knows nothing of its "
                  "memory; go back to a later one",
                  has.error().where);
    }
    covered = range.end;
  }
  return check_none_in(covered, kPageLimit);
}

// The trees are compared once, for all. What the head has of arenas that have ended is nobody's.
Result<void> Joint::find_differing(const Commit& target) {
  all(&Member::find_differing);
  auto found = diff(head_->snapshot(), target.snapshot(), [&](PageRange differs) {
    lock_.assume_held();  // by the function around
    while (Member* const member = first_from(differs.first)) {
      const PageRange range = member->range();
      if (differs.end <= range.first) break;
      member->assume_turn();  // ours
      member->add_differing(
          {std::max(differs.first, range.first), std::min(differs.end, range.end)});
      differs.first = range.end;
    }
  });
  all(&Member::leave_pinned);
  return found;
}

Result<void> Joint::fetch(Arrivals& arrivals) const {
  if (!arrivals.may_be_away()) return {};
  std::uint64_t pages = 0;
  for (const Member* member : members_) {
    member->assume_turn();  // ours
    pages += member->count_arriving(arrivals);
  }
  if (auto room = arrivals.make_room(pages); !room) return room;
  if (auto fetched = each(&Member::fetch, arrivals); !fetched) return fetched;
  return arrivals.fetch_rest();
}

// All that may refuse comes before the first byte is written.
Result<void> Joint::stand_at(const Commit& target) {
  const SnapshotState& there = HandleAccess::state(target.snapshot());
  if (auto known = check_members(there); !known) return known;
  if (auto right = each(&Member::check_memory, "a checkout"); !right) return right;
  Trap trap(*this);
  if (auto trapped = trap.all("a checkout"); !trapped) return trapped;
  if (auto collected = each(&Member::collect_all, head_state()); !collected) return collected;
  if (auto allowed = each(&Member::check_pins, there); !allowed) return allowed;
  Arrivals arrivals(there);
  auto ready = find_differing(target);
  if (ready) ready = fetch(arrivals);
  if (!ready) {
    all(&Member::keep_all);
    return ready;
  }
  all(&Member::restore, arrivals);
  has_ended_ones_ = false;
  if (target == *head_) return {};
  recorded_back_to(target);
  History::move(*head_, target);
  return {};
}

}  // namespace cleave::detail
