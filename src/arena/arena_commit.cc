// What a commit records.
#include "arena/arena_state.h"
#include "base/check.h"
#include "base/fail.h"
#include "base/handle_access.h"
#include "base/page_contents.h"
#include "space/snapshot_state.h"

namespace cleave::detail {
namespace {

// A page that is not in memory, and would have to be brought for this, counts as changed.
bool was_the_same(const std::byte* now, const SnapshotState& before, PageNo page) {
  if (!before.is_here(page)) return false;
  const auto then = before.look(page);
  return then && is_the_same(now, then->bytes());
}

}  // namespace

// Pages that only count as changed, because a device might have written to them, because reading
// gave them memory, or because they were opened with a neighbour, are compared first: a thousand
// commits beside one pin are not a thousand copies.
Result<void> ArenaState::record(PageRun run, ResidentRanges& resident, const SnapshotState& before,
                                Space& into, std::uint64_t& written) const {
  PageRun memory{run.first,
                 run.first};  // pages from here on that have memory, as far as we have looked
  for (std::uint64_t page = run.first; page < run.end; ++page) {
    const std::byte* now = mapping_.alias(page);
    const PageNo number = page_of(address_of_page(page));
    if (!before.has(number)) {
      if (page >= memory.end) {
        memory = resident.first_in({page, run.end});
        mapping_.enter_alias(memory);
      }
      // A hole is zeroes, as before; to read it would give it memory.
      if (page < memory.first || is_zero(now)) continue;
    } else if ((suspected_.has(page) || !choice_.tracker->is_exact()) &&
               was_the_same(now, before, number)) {
      continue;
    }
    if (auto done = into.write(address_of_page(page), {now, kPageSize}); !done) return done;
    ++written;
  }
  return {};
}

// Cannot fail: the commit is of the same pool, and nothing is pinned in a space that only we know.
void ArenaState::recorded_back_to(const Commit& commit) {
  const auto done = recorded_.rollback(commit.snapshot());
  CLEAVE_CHECK(done, "an arena's record could not be rolled back: a bug of cleave");
}

Result<Commit> ArenaState::commit(std::string_view name, std::span<const std::byte> payload) {
  if (auto here = check_here(); !here) return tl::unexpected(here.error());
  if (kMostPayload < payload.size()) {
    return fail(Errc::bad_argument, "a commit's payload is at most 64 KiB; keep more in the arena");
  }
  const sync::Guard guard(lock_);
  if (!name.empty() && history_->find(name)) {
    return fail(Errc::already_exists, "the arena keeps a commit of that name; forget it first");
  }
  if (auto right = check_memory("a commit"); !right) return tl::unexpected(right.error());
  TrapFor trap(trap_);
  if (auto trapped = trap.writes("a commit"); !trapped) return tl::unexpected(trapped.error());
  if (auto collected = collect({0, mapping_.pages()}); !collected) {
    return tl::unexpected(collected.error());
  }
  auto made = commit_changed(name, payload);
  if (!made) {
    // recorded_ may hold some of the changed pages. They stay in changed_, and it goes back to what
    // head_ holds.
    recorded_back_to(*head_);
    return made;
  }
  choice_.tracker->epoch_ended(changed_.count());
  changed_.clear();
  suspected_.clear();
  recorded_pages_ += made->pages();
  History::move(*head_, *made);
  return made;
}

Result<std::uint64_t> ArenaState::record_changed(const SnapshotState& before) {
  std::uint64_t written = 0;
  ResidentRanges resident(mapping_);
  auto recorded = changed_.for_each_run([&](PageRun run) {
    lock_.assume_held();  // by the function around
    return record(run, resident, before, recorded_, written);
  });
  if (!recorded) return tl::unexpected(recorded.error());
  return written;
}

Result<Commit> ArenaState::commit_changed(std::string_view name,
                                          std::span<const std::byte> payload) {
  const auto written = record_changed(HandleAccess::state(head_->snapshot()));
  if (!written) return tl::unexpected(written.error());
  auto now = recorded_.snapshot();
  if (!now) return tl::unexpected(now.error());
  return history_->add(&*head_, std::move(*now), name, *written, payload);
}

}  // namespace cleave::detail
