#include <algorithm>
#include <utility>

#include <cleave/detail/word.h>
#include <cleave/space.h>

#include "base/check.h"
#include "base/fail.h"
#include "base/handle_access.h"
#include "space/pages.h"
#include "space/snapshot_state.h"
#include "space/space_state.h"
#include "sync/memory.h"

namespace cleave {
using namespace detail;
namespace {

// Page 0 and its neighbours are mapped only on request, so that small numbers mistaken for
// addresses fail.
constexpr PageNo kLowestChosen{16};

Result<PageNo> find_gap(const Regions& regions, std::uint64_t pages) {
  const Region* last = regions.last();
  const PageNo above = last == nullptr ? kLowestChosen : std::max(last->pages.end, kLowestChosen);
  if (pages <= kPageLimit - above) return above;
  PageNo from = kLowestChosen;
  while (const Region* next = regions.first_from(from)) {
    if (next->pages.first > from && next->pages.first - from >= pages) return from;
    from = next->pages.end;
  }
  return fail(Errc::no_memory, "the space has no gap of that size; unmap something");
}

// Replaces the regions and takes `gone` out of the table, with all translations revoked.
Result<void> replace(SpaceState& state, Result<Regions> next, PageRange gone)
    CLEAVE_REQUIRES(state.lock) {
  if (!next) return tl::unexpected(next.error());
  state.revoke_all();
  Result<void> cleared = state.table.clear(gone, state.frames);
  if (cleared) std::swap(state.regions, *next);
  state.resume();
  return cleared;
}

constexpr PageRange kNoPages{PageNo{0}, PageNo{0}};

/// What becomes of a space: its next regions, and the pages that go.
struct Change {
  Result<Regions> next;
  PageRange gone;
};

// Under the lock, makes the change that `plan(regions, pages)` gives for the pages at `at`.
template <class Plan>
Result<void> change_regions(SpaceState& s, Address at, ByteCount size, Plan plan) {
  if (!s.is_here()) return not_here();
  const auto pages = pages_at(at, size);
  if (!pages) return tl::unexpected(pages.error());
  const sync::Guard guard(s.lock);
  Change change = plan(s.regions, *pages);
  return replace(s, std::move(change.next), change.gone);
}

// Gives `made`, which no other thread knows, what the space holds.
template <class Made>
Result<void> fork_into(Made& made, SpaceState& s) {
  return s.with_lock([&]() CLEAVE_UNCHECKED -> Result<void> {
    s.revoke_writers();
    auto forked = made.table.fork_from(s.table, s.frames);
    s.resume();
    if (forked) made.regions = s.regions;
    return forked;
  });
}

}  // namespace

Result<Space> Space::create(const Pool& pool) {
  Frames& frames = HandleAccess::state(pool);
  if (!frames.is_here()) return not_here();
  SpaceState* state = SpaceState::make(frames);
  if (state == nullptr) return fail(Errc::no_memory, "out of memory allocating a space");
  return Space(state);
}

Space& Space::operator=(Space&& other) noexcept {
  const Space old(std::exchange(state_, std::exchange(other.state_, nullptr)));
  return *this;
}

Space::~Space() {
  if (state_ != nullptr) state_->release();
}

Space Space::share() const noexcept {
  state().retain();
  return Space(state_);
}

Pool Space::pool() const noexcept {
  Frames& frames = state().frames;
  frames.retain();
  return HandleAccess::make<Pool>(&frames);
}

SpaceState& Space::state() const noexcept {
  CLEAVE_CHECK(state_ != nullptr, "use of a moved-from Space");
  return *state_;
}

Result<Address> Space::map(ByteCount size, Protection protection) {
  SpaceState& s = state();
  if (!s.is_here()) return not_here();
  const auto pages = pages_at(Address{0}, size);
  if (!pages) return tl::unexpected(pages.error());
  const sync::Guard guard(s.lock);
  const auto first = find_gap(s.regions, pages->pages());
  if (!first) return tl::unexpected(first.error());
  const PageRange range{*first, *first + pages->pages()};
  return replace(s, s.regions.with_mapped(range, protection), kNoPages).map([&] {
    return address_of(*first);
  });
}

Result<void> Space::map_at(Address at, ByteCount size, Protection protection) {
  return change_regions(state(), at, size, [protection](const Regions& now, PageRange pages) {
    return Change{now.with_mapped(pages, protection), kNoPages};
  });
}

Result<void> Space::unmap(Address at, ByteCount size) {
  return change_regions(state(), at, size, [](const Regions& now, PageRange pages) {
    return Change{now.with_unmapped(pages), pages};
  });
}

Result<void> Space::protect(Address at, ByteCount size, Protection protection) {
  return change_regions(state(), at, size, [protection](const Regions& now, PageRange pages) {
    return Change{now.with_protection(pages, protection), kNoPages};
  });
}

Result<void> Space::discard(Address at, ByteCount size) {
  return change_regions(state(), at, size, [](const Regions& now, PageRange pages) {
    if (auto allowed = now.check(pages, Protection::read_write); !allowed) {
      return Change{tl::unexpected(allowed.error()), kNoPages};
    }
    return Change{now, pages};
  });
}

void Space::for_each_region(function_ref<void(const Region&)> visit) const {
  SpaceState& s = state();
  if (!s.is_here()) return;
  const Regions now = [&s] {
    const sync::Guard guard(s.lock);
    return s.regions;
  }();
  now.for_each(visit);
}

Result<Space> Space::fork() {
  SpaceState& s = state();
  if (!s.is_here()) return not_here();
  SpaceState* made = SpaceState::make(s.frames);
  if (made == nullptr) return fail(Errc::no_memory, "out of memory allocating a space");
  Space child(made);
  const auto forked = fork_into(*made, s);
  if (!forked) return tl::unexpected(forked.error());
  return child;
}

Result<Snapshot> Space::snapshot() {
  SpaceState& s = state();
  if (!s.is_here()) return not_here();
  SnapshotState* made = SnapshotState::make(s.frames, Regions(s.frames));
  if (made == nullptr) return fail(Errc::no_memory, "out of memory allocating a snapshot");
  auto now = HandleAccess::make<Snapshot>(made);
  const auto forked = fork_into(*made, s);
  if (!forked) return tl::unexpected(forked.error());
  return now;
}

Result<void> Space::rollback(const Snapshot& snapshot) {
  SpaceState& s = state();
  if (!s.is_here()) return not_here();
  const SnapshotState& target = HandleAccess::state(snapshot);
  if (&s.frames != &target.frames) {
    return fail(Errc::bad_argument, "the snapshot comes from another pool");
  }
  // Become what the space held, which is dropped after the lock is released.
  Table table;
  table.share(target.table, s.frames);
  Regions regions = target.regions;
  const PageNo pinned = [&] {
    const sync::Guard guard(s.lock);
    s.revoke_all();
    const PageNo found = s.table.first_pinned(s.frames);
    if (found == kPageLimit) {
      s.table.swap(table);
      std::swap(s.regions, regions);
    }
    s.resume();
    return found;
  }();
  table.drop(s.frames);
  if (pinned == kPageLimit) return {};
  return fail(Errc::pinned, "a page is pinned and cannot be exchanged; release the pin first",
              address_of(pinned));
}

}  // namespace cleave
