// What the handles of one arena share: the arena itself and its pins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <cleave/arena.h>
#include <cleave/space.h>

#include "arena/history.h"
#include "arena/memory/mapping.h"
#include "arena/memory/page_set.h"
#include "arena/memory/writer_trap.h"
#include "arena/track/choice.h"
#include "sync/allocator.h"
#include "sync/mutex.h"
#include "sync/thread.h"

namespace cleave::detail {

class PageCopies;
struct SnapshotState;

/// Three things say what the memory holds: head_, what was committed last; changed_, the pages that
/// may differ from it; and the tracker, which knows of the pages written since it was last asked.
/// recorded_ is a space whose contents are those of head_, between operations; a commit writes the
/// changed pages to it and takes its snapshot.
///
/// Every member but mark_dirty() takes the lock, or is called from a visit of changes(), whose
/// thread has it. Order of locks: this one, then those of the space and of the history.
class ArenaState : public std::enable_shared_from_this<ArenaState> {
 public:
  /// `map` gives the memory, new or taken over.
  static Result<std::shared_ptr<ArenaState>> make(const Pool& pool,
                                                  function_ref<Result<Mapping>()> map,
                                                  const ArenaOptions& options);
  /// For make(): no tracker and no commit yet. Throws std::bad_alloc.
  ArenaState(Mapping&& mapping, PageSet&& changed, PageSet&& suspected, PageSet&& differing,
             Space&& recorded);
  ~ArenaState();
  ArenaState(const ArenaState&) = delete;
  ArenaState& operator=(const ArenaState&) = delete;

  [[nodiscard]] const Mapping& mapping() const { return mapping_; }
  [[nodiscard]] const History& history() const { return *history_; }
  [[nodiscard]] History& history() { return *history_; }
  [[nodiscard]] std::string tracking_reason() const;

  /// Asked before the lock is taken: in a child of fork(2) a thread may hold it that is not there.
  Result<void> check_here() const;

  Result<Commit> commit(std::string_view name, std::span<const std::byte> payload);
  Result<void> checkout(const Commit& target);
  Result<void> revert();
  [[nodiscard]] Commit head() const;
  Result<void> changes(function_ref<void(std::span<const std::byte>)> visit);
  void mark_dirty(const void* at, ByteCount bytes) noexcept;
  Result<ArenaPin> pin(const void* at, ByteCount bytes, PinAccess access, PinTerm term);
  Result<Hold> hold(const void* at, ByteCount bytes);
  [[nodiscard]] ArenaStatistics statistics() const;

  /// The pin's bytes, which lie in the alias, are not the device's any more.
  void unpin(std::span<std::byte> bytes, PinAccess access, PinTerm term) noexcept;

  [[nodiscard]] Address address_of_page(std::uint64_t page) const {
    return Address{reinterpret_cast<std::uintptr_t>(mapping_.native(page))};
  }

 private:
  struct Pinned {
    PageRun run;
    PinAccess access;
    PinTerm term;
    friend bool operator==(const Pinned&, const Pinned&) = default;
  };

  static Result<std::shared_ptr<ArenaState>> make_or_throw(const Pool& pool,
                                                           function_ref<Result<Mapping>()> map,
                                                           const ArenaOptions& options);
  Result<void> commit_first() CLEAVE_REQUIRES(lock_);

  [[nodiscard]] bool is_visited_by_this_thread() const noexcept {
    return visitor_.load(sync::relaxed) == sync::this_thread();
  }
  class Turn;  // in arena_turn.h, as is the next
  class Visiting;

  /// What the program has done to the memory or keeps there, and `operation` cannot go on with.
  Result<void> check_memory(const char* operation) const CLEAVE_REQUIRES(lock_);
  Result<void> collect(PageRun within) CLEAVE_REQUIRES(lock_);
  /// Finds pages that have changed though collect() did not find them. Error: not_permitted.
  Result<void> find_unseen() CLEAVE_REQUIRES(lock_);
  /// The pages that a run of bytes inside the arena touches. Errors: bad_argument.
  Result<PageRun> pages_of(const void* at, ByteCount bytes) const;
  Result<void> record(PageRun run, ResidentRanges& resident, const SnapshotState& before,
                      Space& into, std::uint64_t& written) const CLEAVE_REQUIRES(lock_);
  /// The pages of changed_, where they differ from `before`. Gives how many were written.
  Result<std::uint64_t> record_changed(const SnapshotState& before) CLEAVE_REQUIRES(lock_);
  Result<Commit> commit_changed(std::string_view name, std::span<const std::byte> payload)
      CLEAVE_REQUIRES(lock_);
  void recorded_back_to(const Commit& commit) CLEAVE_REQUIRES(lock_);
  Result<void> stand_at(const Commit& target) CLEAVE_REQUIRES(lock_);
  Result<void> find_differing(const Commit& target) CLEAVE_REQUIRES(lock_);
  Result<void> check_pins(const Commit& target) const CLEAVE_REQUIRES(lock_);
  /// Where the pages that differ are away and fit into the pool's memory, brings them: what cannot
  /// be had then is an error before anything has changed.
  Result<void> bring_differing(const SnapshotState& from) CLEAVE_REQUIRES(lock_);
  Result<void> restore(const SnapshotState& from) CLEAVE_REQUIRES(lock_);
  Result<void> restore(const SnapshotState& from, PageRun run, PageCopies& copies)
      CLEAVE_REQUIRES(lock_);
  void clear(PageRun run) CLEAVE_REQUIRES(lock_);
  [[nodiscard]] std::uint64_t count(PinTerm term) const CLEAVE_REQUIRES(lock_);

  Mapping mapping_;
  Choice choice_;
  std::optional<WriterTrap> trap_;
  bool catch_waiters_ = false;
  bool catch_unseen_ = false;

  mutable sync::mutex lock_;
  /// The thread that is inside a visit of changes(). Written by whoever holds the lock, read by
  /// any thread to see whether it is the one (relaxed: what it wrote itself, it reads).
  sync::atomic<sync::ThreadToken> visitor_{sync::ThreadToken::none};
  /// May differ from head_; what failed halfway stays in here.
  PageSet changed_ CLEAVE_GUARDED_BY(lock_);
  /// May come into changed_ though they do not differ, so comparing them pays.
  PageSet suspected_ CLEAVE_GUARDED_BY(lock_);
  /// Used by one checkout; empty in between.
  PageSet differing_ CLEAVE_GUARDED_BY(lock_);
  Space recorded_ CLEAVE_GUARDED_BY(lock_);
  const std::shared_ptr<History> history_;  // has a lock of its own
  /// Empty only while the arena is being made.
  std::optional<Commit> head_ CLEAVE_GUARDED_BY(lock_);
  sync::Vector<Pinned> pins_ CLEAVE_GUARDED_BY(lock_);
  std::uint64_t recorded_pages_ CLEAVE_GUARDED_BY(lock_) = 0;
  std::uint64_t restored_pages_ CLEAVE_GUARDED_BY(lock_) = 0;
};

}  // namespace cleave::detail
