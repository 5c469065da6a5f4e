// What arenas share that have one history: the lock, the commits, and the space that records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <cleave/arena.h>
#include <cleave/space.h>

#include "arena/joint/history.h"
#include "arena/member/member.h"
#include "sync/allocator.h"
#include "sync/mutex.h"
#include "sync/process.h"
#include "sync/thread.h"

namespace cleave::detail {

/// recorded_ is a space whose contents are those of head_, between operations, and whose regions
/// are those of the members; a commit writes what changed to it and takes its snapshot. A space is
/// keyed by addresses: so one snapshot holds all members, and a single arena is a joint of one.
///
/// An operation has all members take one step before any takes the next, and nothing changes before
/// the last refusal. Every function takes the lock, or is called from a visit of changes(), whose
/// thread has it. Order of locks: this one, then those of the space and of the history. A thread
/// has one joint's lock at most.
class Joint {
 public:
  /// Without members and commits yet. Error: no_memory.
  static Result<std::shared_ptr<Joint>> create(const Pool& pool);
  /// Of a space that is that of the first member already. Throws std::bad_alloc.
  explicit Joint(Space&& recorded);
  ~Joint();
  Joint(const Joint&) = delete;
  Joint& operator=(const Joint&) = delete;

  /// Asked before the lock is taken: in a child of fork(2) a thread may hold it that is not there.
  [[nodiscard]] Result<void> check_here() const;
  /// Whether commits lie in this pool. Error: bad_argument.
  [[nodiscard]] Result<void> check_pool(const Pool& pool) const;
  [[nodiscard]] sync::mutex& lock() noexcept { return lock_; }
  [[nodiscard]] History& history() noexcept { return *history_; }

  /// The member belongs to it from now on, and a commit has what it holds and, of the others, what
  /// head() has. Errors: no_memory, not_permitted, already_mapped; nothing has changed.
  Result<void> admit(Member& member);
  /// The same of the first one, whose memory the space that was given to it has already; `payload`
  /// is that of its first commit.
  Result<void> admit_restored(Member& member, std::span<const std::byte> payload);
  /// The member ends. One that was never admitted: nothing happens.
  void leave(const Member& member) noexcept;

  Result<Commit> commit(std::string_view name, std::span<const std::byte> payload);
  Result<void> checkout(const Commit& target);
  Result<void> revert();
  [[nodiscard]] Commit head() const;
  Result<void> changes(function_ref<void(std::span<const std::byte>)> visit);

  // Of one member.

  Result<void> pin(Member& member, const void* at, ByteCount bytes, PinAccess access, PinTerm term);
  Result<std::uint64_t> fetch(Member& member, const void* at, ByteCount bytes);
  void unpin(Member& member, PageRun run, PinAccess access, PinTerm term) noexcept;
  Result<Hold> hold(Member& member, const void* at, ByteCount bytes);
  [[nodiscard]] ArenaStatistics statistics(const Member& member) const;

 private:
  class Turn;  // in turn.h, as is the next
  class Visiting;
  class Trap;  // in trap.h

  [[nodiscard]] bool is_visited_by_this_thread() const noexcept {
    return visitor_.load(sync::relaxed) == sync::this_thread();
  }
  /// Has each member take a step; the first error ends it and is returned.
  template <class Step, class... Arguments>
  Result<void> each(Step step, Arguments&&... arguments) const CLEAVE_REQUIRES(lock_) {
    for (Member* member : members_) {
      if (Result<void> done = std::invoke(step, *member, arguments...); !done) return done;
    }
    return {};
  }
  /// The same of a step that cannot fail.
  template <class Step, class... Arguments>
  void all(Step step, Arguments&&... arguments) const noexcept CLEAVE_REQUIRES(lock_) {
    for (Member* member : members_) std::invoke(step, *member, arguments...);
  }
  /// The first member that lies there or above; null: none.
  [[nodiscard]] Member* first_from(PageNo page) const noexcept CLEAVE_REQUIRES(lock_);
  [[nodiscard]] const SnapshotState& head_state() const CLEAVE_REQUIRES(lock_);

  Result<Commit> commit_with(Member& member) CLEAVE_REQUIRES(lock_);
  Result<void> admit(Member& member, function_ref<Result<Commit>()> first_commit)
      CLEAVE_REQUIRES(lock_);
  Result<Commit> commit_changed(std::string_view name, std::span<const std::byte> payload)
      CLEAVE_REQUIRES(lock_);
  Result<void> drop_what_ended() CLEAVE_REQUIRES(lock_);
  void recorded_back_to(const Commit& commit) noexcept CLEAVE_REQUIRES(lock_);

  Result<void> stand_at(const Commit& target) CLEAVE_REQUIRES(lock_);
  /// Whether a commit holds the memory of every member, and no other's. Error: not_mapped.
  [[nodiscard]] Result<void> check_members(const SnapshotState& target) const
      CLEAVE_REQUIRES(lock_);
  Result<void> find_differing(const Commit& target) CLEAVE_REQUIRES(lock_);
  Result<void> fetch(Arrivals& arrivals) const CLEAVE_REQUIRES(lock_);

  const sync::Process process_ = sync::Process::current();
  mutable sync::mutex lock_;
  /// The thread that is inside a visit of changes(). Written by whoever holds the lock, read by
  /// any thread to see whether it is the one (relaxed: what it wrote itself, it reads).
  sync::atomic<sync::ThreadToken> visitor_{sync::ThreadToken::none};
  /// By address. Each takes itself out before it ends.
  sync::Vector<Member*> members_ CLEAVE_GUARDED_BY(lock_);
  /// Whether recorded_ holds memory of arenas that have ended: up to the next commit.
  bool has_ended_ones_ CLEAVE_GUARDED_BY(lock_) = false;
  Space recorded_ CLEAVE_GUARDED_BY(lock_);
  const std::shared_ptr<History> history_;  // has a lock of its own
  /// Empty only before the first member.
  std::optional<Commit> head_ CLEAVE_GUARDED_BY(lock_);
};

}  // namespace cleave::detail
