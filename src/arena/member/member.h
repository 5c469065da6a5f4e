// One of the arenas that share a history: its memory, and what is known of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <cleave/arena.h>
#include <cleave/space.h>

#include "arena/late/late_pages.h"
#include "arena/memory/hot_pages.h"
#include "arena/memory/mapping.h"
#include "arena/memory/page_set.h"
#include "arena/memory/writer_trap.h"
#include "arena/track/choice.h"
#include "sync/allocator.h"
#include "sync/mutex.h"

namespace cleave::detail {

class Arrivals;
struct SnapshotState;
class SnapshotWalk;

/// Two things say how the memory differs from the commit that the joint stands at: changed_, the
/// pages that may differ from it; and the tracker, which knows of the pages written since it was
/// last asked. Of hot pages it does not know: those are compared.
///
/// What commits and checks out is the joint, which has all members take one step before any takes
/// the next. The steps need the joint's lock; mark_dirty() and what never changes need none.
class Member : public std::enable_shared_from_this<Member> {
 public:
  /// Sets of pages that a member needs, all empty.
  struct Sets {
    PageSet changed, suspected, differing;
    HotPages hot;
    static Result<Sets> create(std::uint64_t pages);
  };

  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  /// Before it has a joint: finds a tracker. Errors: as Arena::create().
  Result<void> watch(const ArenaOptions& options);
  /// The same of memory that is to hold what a snapshot does: its pages come when they are touched.
  /// Errors: as Arena::restore().
  Result<void> watch_late(const Snapshot& from, const RestoreOptions& options);

  [[nodiscard]] const Mapping& mapping() const noexcept { return mapping_; }
  [[nodiscard]] Address address_of_page(std::uint64_t page) const noexcept {
    return Address{reinterpret_cast<std::uintptr_t>(mapping_.native(page))};
  }
  [[nodiscard]] PageNo number_of_page(std::uint64_t page) const noexcept {
    return page_of(address_of_page(page));
  }
  /// Its pages, as spaces and snapshots know them.
  [[nodiscard]] PageRange range() const noexcept {
    return {number_of_page(0), number_of_page(mapping_.pages())};
  }
  /// The pages that a run of bytes inside the arena touches. Errors: bad_argument.
  [[nodiscard]] Result<PageRun> pages_of(const void* at, ByteCount bytes) const;
  [[nodiscard]] std::string tracking_reason() const { return choice_.reason(); }
  void mark_dirty(const void* at, ByteCount bytes) noexcept;
  void mark_dirty(const void* first, std::span<const std::uint64_t> bitmap) noexcept;
  /// Puts pages in place that are missing; how many. Not with the joint's lock, which others want
  /// while a store takes its time. Errors: as LatePages::fetch().
  Result<std::uint64_t> fetch_late(PageRun run);
  [[nodiscard]] std::uint64_t missing() const noexcept {
    return late_ == nullptr || !mapping_.is_here() ? 0 : late_->left();
  }

  /// Tells the analysis that the joint's lock is held; the caller says why.
  void assume_turn() const CLEAVE_ASSERTS_HELD(turn_) {}

  // Before an operation.

  /// What the program has done to the memory or keeps there, and `operation` cannot go on with.
  [[nodiscard]] Result<void> check_memory(const char* operation) const CLEAVE_REQUIRES(turn_);
  [[nodiscard]] Result<void> check_in_place() const { return mapping_.check_in_place(); }
  /// With `catch_writers`: takes the memory away until allow().
  Result<void> forbid_writes(const char* operation) CLEAVE_REQUIRES(turn_);
  Result<void> forbid_all(const char* operation) CLEAVE_REQUIRES(turn_);
  void allow() noexcept CLEAVE_REQUIRES(turn_);

  /// Finds what may differ from `head`, which the joint stands at. An error forgets nothing.
  Result<void> collect(PageRun within, const SnapshotState& head) CLEAVE_REQUIRES(turn_);
  Result<void> collect_all(const SnapshotState& head) CLEAVE_REQUIRES(turn_) {
    return collect({0, mapping_.pages()}, head);
  }
  Result<void> visit_changed(function_ref<void(std::span<const std::byte>)> visit) const
      CLEAVE_REQUIRES(turn_);

  // A commit.

  /// Writes what was collected in `within` to `into`, where it differs from `before`; adds to
  /// `written` how many pages that were.
  Result<void> record(PageRun within, const SnapshotState& before, Space& into,
                      std::uint64_t& written) const CLEAVE_REQUIRES(turn_);
  /// All of it, for a commit.
  Result<void> record_changed(const SnapshotState& before, Space& into, std::uint64_t& written)
      CLEAVE_REQUIRES(turn_);
  /// The same of memory that was never collected, of which `before` knows nothing.
  Result<void> record_first(const SnapshotState& before, Space& into, std::uint64_t& written)
      CLEAVE_REQUIRES(turn_);
  /// The joint stands at what was recorded.
  void committed() noexcept CLEAVE_REQUIRES(turn_);

  // A checkout.

  /// Error: pinned (where: the first page that is pinned for writing and would change).
  [[nodiscard]] Result<void> check_pins(const SnapshotState& target) const CLEAVE_REQUIRES(turn_);
  /// The pages that will be made what the target says: what was collected, and what add_differing()
  /// adds; not what is pinned for writing, which check_pins() found to be right.
  void find_differing() noexcept CLEAVE_REQUIRES(turn_);
  void add_differing(PageRange differs) noexcept CLEAVE_REQUIRES(turn_);
  void leave_pinned() noexcept CLEAVE_REQUIRES(turn_);
  /// How many of those the target holds, and is to be asked for.
  [[nodiscard]] std::uint64_t count_arriving(Arrivals& arrivals) const CLEAVE_REQUIRES(turn_);
  Result<void> fetch(Arrivals& arrivals) const CLEAVE_REQUIRES(turn_);
  /// Nothing has changed; forgets which pages differ.
  void keep_all() noexcept CLEAVE_REQUIRES(turn_);
  /// Cannot fail.
  void restore(Arrivals& arrivals) noexcept CLEAVE_REQUIRES(turn_);

  // Pins.

  /// Error: no_memory.
  Result<void> add_pin(PageRun run, PinAccess access, PinTerm term) CLEAVE_REQUIRES(turn_);
  void remove_pin(PageRun run, PinAccess access, PinTerm term) noexcept CLEAVE_REQUIRES(turn_);

  /// But for what the joint knows.
  [[nodiscard]] ArenaStatistics statistics() const CLEAVE_REQUIRES(turn_);

 protected:
  /// `turn` is the joint's lock.
  Member(Mapping&& mapping, Sets&& sets, sync::mutex& turn);
  ~Member() = default;

 private:
  struct Pinned {
    PageRun run;
    PinAccess access;
    PinTerm term;
    friend bool operator==(const Pinned&, const Pinned&) = default;
  };

  Result<void> watch(Result<Choice>&& choice, const ArenaOptions& options);
  [[nodiscard]] bool is_missing(std::uint64_t page) const noexcept {
    return late_ != nullptr && late_->is_missing(page);
  }
  void mark_dirty(PageRun run) noexcept;
  /// Finds pages that have changed though collect() did not find them. Error: not_permitted.
  Result<void> find_unseen(const SnapshotState& head) CLEAVE_REQUIRES(turn_);
  /// Adds the hot pages of `within` that differ from `head` to changed_.
  void compare_hot(PageRun within, const SnapshotState& head) noexcept CLEAVE_REQUIRES(turn_);
  void compare_some(PageRun pages, ResidentRanges& resident, SnapshotWalk& head) noexcept
      CLEAVE_REQUIRES(turn_);
  /// A commit or checkout is about to make changed_ empty.
  void end_epoch() noexcept CLEAVE_REQUIRES(turn_);
  class Recording;
  Result<void> record_run(PageRun run, ResidentRanges& resident, SnapshotWalk& before,
                          Recording& into) const CLEAVE_REQUIRES(turn_);
  /// Makes it zeroes.
  void clear(PageRun run) noexcept CLEAVE_REQUIRES(turn_);
  void clear_cold(PageRun run) noexcept CLEAVE_REQUIRES(turn_);
  [[nodiscard]] std::uint64_t count(PinTerm term) const CLEAVE_REQUIRES(turn_);

  Mapping mapping_;
  Choice choice_;
  /// Null: all pages are there from the beginning. Set before any other thread knows the arena.
  sync::Owned<LatePages> late_;
  std::optional<WriterTrap> trap_;
  bool catch_waiters_ = false;
  bool catch_unseen_ = false;

  sync::mutex& turn_;
  /// May differ from what the joint stands at; what failed halfway stays in here.
  PageSet changed_ CLEAVE_GUARDED_BY(turn_);
  /// May come into changed_ though they do not differ, so comparing them pays.
  PageSet suspected_ CLEAVE_GUARDED_BY(turn_);
  /// Used by one checkout; empty in between.
  PageSet differing_ CLEAVE_GUARDED_BY(turn_);
  HotPages hot_ CLEAVE_GUARDED_BY(turn_);
  sync::Vector<Pinned> pins_ CLEAVE_GUARDED_BY(turn_);
  std::uint64_t being_recorded_ CLEAVE_GUARDED_BY(turn_) = 0;  // by a commit under way
  std::uint64_t recorded_pages_ CLEAVE_GUARDED_BY(turn_) = 0;
  std::uint64_t restored_pages_ CLEAVE_GUARDED_BY(turn_) = 0;
};

}  // namespace cleave::detail
