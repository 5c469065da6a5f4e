// One commit of all members.
#include "arena/joint/joint.h"
#include "arena/joint/trap.h"
#include "base/fail.h"
#include "base/handle_access.h"
#include "space/snapshot_state.h"

namespace cleave::detail {

Result<Commit> Joint::commit(std::string_view name, std::span<const std::byte> payload) {
  if (auto here = check_here(); !here) return tl::unexpected(here.error());
  if (kMostPayload < payload.size()) {
    return fail(Errc::bad_argument, "a commit's payload is at most 64 KiB; keep more in the arena");
  }
  const sync::Guard guard(lock_);
  if (!name.empty() && history_->find(name)) {
    return fail(Errc::already_exists, "the arena keeps a commit of that name; forget it first");
  }
  if (auto right = each(&Member::check_memory, "a commit"); !right) {
    return tl::unexpected(right.error());
  }
  Trap trap(*this);
  if (auto trapped = trap.writes("a commit"); !trapped) return tl::unexpected(trapped.error());
  if (auto collected = each(&Member::collect_all, head_state()); !collected) {
    return tl::unexpected(collected.error());
  }
  auto made = commit_changed(name, payload);
  if (!made) {
    // recorded_ may hold some of the changed pages. They stay in the members' sets, and it goes
    // back to what head_ holds.
    recorded_back_to(*head_);
    return made;
  }
  all(&Member::committed);
  has_ended_ones_ = false;
  History::move(*head_, *made);
  return made;
}

Result<Commit> Joint::commit_changed(std::string_view name, std::span<const std::byte> payload) {
  if (auto dropped = drop_what_ended(); !dropped) return tl::unexpected(dropped.error());
  std::uint64_t written = 0;
  auto recorded = each(&Member::record_changed, head_state(), recorded_, written);
  if (!recorded) return tl::unexpected(recorded.error());
  auto now = recorded_.snapshot();
  if (!now) return tl::unexpected(now.error());
  return history_->add(&*head_, std::move(*now), name, written, payload);
}

Result<Hold> Joint::hold(Member& member, const void* at, ByteCount bytes) {
  if (auto here = check_here(); !here) return tl::unexpected(here.error());
  const sync::Guard guard(lock_);
  member.assume_turn();  // ours
  const auto run = member.pages_of(at, bytes);
  if (!run) return tl::unexpected(run.error());
  if (auto placed = member.check_in_place(); !placed) return tl::unexpected(placed.error());
  if (auto collected = member.collect(*run, head_state()); !collected) {
    return tl::unexpected(collected.error());
  }
  auto now = recorded_.fork();
  if (!now) return tl::unexpected(now.error());
  std::uint64_t written = 0;
  auto recorded = member.record(*run, head_state(), *now, written);
  if (!recorded) return tl::unexpected(recorded.error());
  return now->hold(Address{reinterpret_cast<std::uintptr_t>(at)}, bytes);
}

}  // namespace cleave::detail
