#include "arena/joint/joint.h"

#include <algorithm>
#include <utility>

#include "arena/joint/turn.h"
#include "base/check.h"
#include "base/fail.h"
#include "base/handle_access.h"
#include "frames/frames.h"
#include "space/snapshot_state.h"
#include "space/space_state.h"

namespace cleave::detail {

Result<std::shared_ptr<Joint>> Joint::create(const Pool& pool) {
  auto recorded = Space::create(pool);
  if (!recorded) return tl::unexpected(recorded.error());
  return sync::share_new<Joint>(std::move(*recorded));
}

Joint::Joint(Space&& recorded)
    : recorded_(std::move(recorded)), history_(sync::share_new<History>()) {}

Joint::~Joint() { history_->forget_all(); }

Result<void> Joint::check_here() const {
  if (!process_.is_here()) {
    return fail(Errc::not_permitted,
                "this process is a child of fork(2), and the arena is its parent's; make one here");
  }
  if (!is_visited_by_this_thread()) return {};
  return fail(Errc::not_permitted,
              "a visit of changes() has the arena to itself; call this after changes() returns");
}

Result<void> Joint::check_pool(const Pool& pool) const {
  lock_.assume_held();  // which frames a space is of never changes
  if (&HandleAccess::state(pool) == &HandleAccess::state(recorded_).frames) return {};
  return fail(Errc::bad_argument,
              "the arena to join keeps its commits in another pool; give that one");
}

Member* Joint::first_from(PageNo page) const noexcept {
  const auto found = std::partition_point(members_.begin(), members_.end(),
                                          [page](Member* m) { return m->range().end <= page; });
  return found == members_.end() ? nullptr : *found;
}

const SnapshotState& Joint::head_state() const { return HandleAccess::state(head_->snapshot()); }

Result<void> Joint::admit(Member& member) {
  if (auto here = check_here(); !here) return here;
  const sync::Guard guard(lock_);
  return admit(member, [&]() {
    lock_.assume_held();  // by the function around
    return commit_with(member);
  });
}

Result<void> Joint::admit_restored(Member& member, std::span<const std::byte> payload) {
  const sync::Guard guard(lock_);
  return admit(member, [&]() -> Result<Commit> {
    lock_.assume_held();  // by the function around
    auto now = recorded_.snapshot();
    if (!now) return tl::unexpected(now.error());
    return history_->add(nullptr, std::move(*now), {}, 0, payload);
  });
}

Result<void> Joint::admit(Member& member, function_ref<Result<Commit>()> first_commit) {
  auto made = sync::or_no_memory("out of memory joining arenas", [&]() -> Result<Commit> {
    lock_.assume_held();  // by the function around
    members_.reserve(members_.size() + 1);
    return first_commit();
  });
  if (!made) {
    if (head_) recorded_back_to(*head_);
    return tl::unexpected(made.error());
  }
  const auto above = std::find_if(members_.begin(), members_.end(), [&](const Member* other) {
    return other->range().first > member.range().first;
  });
  members_.insert(above, &member);  // reserved above
  member.assume_turn();             // ours
  member.committed();
  has_ended_ones_ = false;
  if (head_) {
    History::move(*head_, *made);
  } else {
    head_ = std::move(*made);
  }
  return {};
}

// New memory is zeroes, as is what records it; memory that was taken over holds something already.
Result<Commit> Joint::commit_with(Member& member) {
  if (auto dropped = drop_what_ended(); !dropped) return tl::unexpected(dropped.error());
  auto mapped = recorded_.map_at(member.address_of_page(0), member.mapping().bytes());
  if (!mapped) return tl::unexpected(mapped.error());
  std::uint64_t written = 0;
  if (member.mapping().is_taken_over()) {
    auto empty = recorded_.snapshot();
    if (!empty) return tl::unexpected(empty.error());
    member.assume_turn();  // ours
    auto recorded = member.record_first(HandleAccess::state(*empty), recorded_, written);
    if (!recorded) return tl::unexpected(recorded.error());
  }
  auto now = recorded_.snapshot();
  if (!now) return tl::unexpected(now.error());
  return history_->add(head_ ? &*head_ : nullptr, std::move(*now), {}, written);
}

void Joint::leave(const Member& member) noexcept {
  const Turn turn(*this);
  const auto found = std::find(members_.begin(), members_.end(), &member);
  if (found == members_.end()) return;
  members_.erase(found);
  has_ended_ones_ = true;
}

// All that lies between members. Of nothing, where the only one has ended, too.
Result<void> Joint::drop_what_ended() {
  if (!has_ended_ones_) return {};
  PageNo from{0};
  const auto drop_up_to = [&](PageNo end) -> Result<void> {
    lock_.assume_held();  // by the function around
    return from < end ? recorded_.unmap(address_of(from), (end - from) * kPageSize)
                      : Result<void>{};
  };
  for (const Member* member : members_) {
    if (auto dropped = drop_up_to(member->range().first); !dropped) return dropped;
    from = member->range().end;
  }
  return drop_up_to(kPageLimit);
}

// Cannot fail: the commit is of the same pool, and nothing is pinned in a space that only we know.
void Joint::recorded_back_to(const Commit& commit) noexcept {
  const auto done = recorded_.rollback(commit.snapshot());
  CLEAVE_CHECK(done, "an arena's record could not be rolled back: a bug of cleave");
}

Commit Joint::head() const {
  if (!process_.is_here()) {
    lock_.assume_held();  // no thread changes it here any more; History::move() says more
    return *head_;
  }
  const Turn turn(*this);
  return *head_;
}

// A visit may release the last pin of an arena whose handle is gone: that one is kept meanwhile.
Result<void> Joint::changes(function_ref<void(std::span<const std::byte>)> visit) {
  if (auto here = check_here(); !here) return here;
  const sync::Guard guard(lock_);
  if (auto placed = each(&Member::check_in_place); !placed) return placed;
  if (auto collected = each(&Member::collect_all, head_state()); !collected) return collected;
  const Visiting visiting(*this);
  for (Member* member = first_from(PageNo{0}); member != nullptr;) {
    const PageNo end = member->range().end;
    {
      const std::shared_ptr<Member> kept = member->weak_from_this().lock();
      member->assume_turn();  // ours
      if (auto visited = member->visit_changed(visit); !visited) return visited;
    }
    member = first_from(end);
  }
  return {};
}

}  // namespace cleave::detail
