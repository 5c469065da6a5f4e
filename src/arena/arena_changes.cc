// Which pages may differ from the commit that the arena stands at.
#include "arena/arena_state.h"
#include "arena/arena_turn.h"
#include "base/check.h"
#include "base/fail.h"
#include "base/handle_access.h"
#include "base/page_contents.h"
#include "space/snapshot_state.h"

namespace cleave::detail {

Result<void> ArenaState::collect(PageRun within) {
  if (auto collected = choice_.tracker->collect(within, changed_); !collected) return collected;
  for (const Pinned& pinned : pins_) {
    if (pinned.access == PinAccess::read) continue;
    changed_.add(pinned.run);
    suspected_.add(pinned.run);
  }
  return catch_unseen_ && within == PageRun{0, mapping_.pages()} ? find_unseen() : Result<void>{};
}

// What of it was given back reads as zeroes; a hole that was one before is not read, which would
// give it memory.
Result<void> ArenaState::find_unseen() {
  const SnapshotState& before = HandleAccess::state(head_->snapshot());
  ResidentRanges resident(mapping_);
  for (std::uint64_t page = 0; page < mapping_.pages(); ++page) {
    if (changed_.has(page)) continue;
    const PageNo number = page_of(address_of_page(page));
    if (!before.has(number) && !resident.has(page)) continue;
    const auto then = before.look(number);
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

Result<void> ArenaState::changes(function_ref<void(std::span<const std::byte>)> visit) {
  if (auto here = check_here(); !here) return here;
  const sync::Guard guard(lock_);
  if (auto placed = mapping_.check_in_place(); !placed) return placed;
  if (auto collected = collect({0, mapping_.pages()}); !collected) return collected;
  const Visiting visiting(*this);
  return changed_.for_each_run([&](PageRun run) -> Result<void> {
    visit({mapping_.native(run.first), run.pages() * kPageSize});
    return {};
  });
}

void ArenaState::mark_dirty(const void* at, ByteCount bytes) noexcept {
  if (bytes == 0) return;
  if (!mapping_.is_here()) return;
  const auto run = pages_of(at, bytes);
  CLEAVE_CHECK(run, "mark_dirty() of bytes that do not lie inside the arena");
  choice_.tracker->mark_dirty(*run);
}

}  // namespace cleave::detail
