#include "cleave/space/space.h"

#include <algorithm>
#include <utility>

#include "cleave/base/check.h"
#include "cleave/space/accessor.h"
#include "cleave/space/pages.h"
#include "cleave/space/pin_builder.h"
#include "cleave/space/space_state.h"
#include "cleave/sync/memory.h"
#include "cleave/sync/word.h"

namespace cleave {
namespace {

// Page 0 and its neighbours are mapped only on request, so that small numbers mistaken for addresses
// fail.
constexpr PageNo kLowestChosen{16};

Result<PageRange> pages_at(Address at, ByteCount size) {
  if (offset_in_page(at) != 0) {
    return fail(Errc::bad_argument, "the address is not a multiple of 4096", at);
  }
  if (size == 0) return fail(Errc::bad_argument, "the size is zero", at);
  if (auto fits = check_within_limit(at, size.value); !fits) return tl::unexpected(fits.error());
  return PageRange{page_of(at), page_of(at) + (size.value + kPageSize - 1) / kPageSize};
}

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

// Replaces the regions and takes `gone` out of the table, with everybody withdrawn.
Result<void> replace(SpaceState& state, Result<Regions> next, PageRange gone) {
  if (!next) return tl::unexpected(next.error());
  state.withdraw_everybody();
  Result<void> cleared = state.table.clear(gone, state.frames);
  if (cleared) std::swap(state.regions, *next);
  state.resume();
  return cleared;
}

constexpr PageRange kNoPages{PageNo{0}, PageNo{0}};

}  // namespace

Result<Space> Space::create(Pool& pool) {
  SpaceState* state = SpaceState::make(pool.frames());
  if (state == nullptr) return fail(Errc::no_memory, "malloc has no memory for a space");
  return Space(state);
}

Space::Space(Space&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}

Space& Space::operator=(Space&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

Space::~Space() {
  if (state_ != nullptr) state_->let_go();
}

Space Space::another_handle() const noexcept {
  state().hold();
  return Space(state_);
}

SpaceState& Space::state() const {
  CLEAVE_CHECK(state_ != nullptr, "a space was used after it was moved from");
  return *state_;
}

Result<Address> Space::map(ByteCount size, Protection protection) {
  const auto pages = pages_at(Address{0}, size);
  if (!pages) return tl::unexpected(pages.error());
  SpaceState& s = state();
  const sync::Guard guard(s.lock);
  const auto first = find_gap(s.regions, pages->pages());
  if (!first) return tl::unexpected(first.error());
  const PageRange range{*first, *first + pages->pages()};
  return replace(s, s.regions.with_mapped(range, protection), kNoPages).map([&] {
    return address_of(*first);
  });
}

Result<void> Space::map_at(Address at, ByteCount size, Protection protection) {
  const auto pages = pages_at(at, size);
  if (!pages) return tl::unexpected(pages.error());
  SpaceState& s = state();
  const sync::Guard guard(s.lock);
  return replace(s, s.regions.with_mapped(*pages, protection), kNoPages);
}

Result<void> Space::unmap(Address at, ByteCount size) {
  const auto pages = pages_at(at, size);
  if (!pages) return tl::unexpected(pages.error());
  SpaceState& s = state();
  const sync::Guard guard(s.lock);
  return replace(s, s.regions.with_unmapped(*pages), *pages);
}

Result<void> Space::protect(Address at, ByteCount size, Protection protection) {
  const auto pages = pages_at(at, size);
  if (!pages) return tl::unexpected(pages.error());
  SpaceState& s = state();
  const sync::Guard guard(s.lock);
  return replace(s, s.regions.with_protection(*pages, protection), kNoPages);
}

Result<void> Space::discard(Address at, ByteCount size) {
  const auto pages = pages_at(at, size);
  if (!pages) return tl::unexpected(pages.error());
  SpaceState& s = state();
  const sync::Guard guard(s.lock);
  if (auto allowed = s.regions.check(*pages, Protection::read_write); !allowed) return allowed;
  return replace(s, s.regions, *pages);
}

void Space::for_each_region(const std::function<void(const Region&)>& visit) const {
  SpaceState& s = state();
  const Regions now = [&s] {
    const sync::Guard guard(s.lock);
    return s.regions;
  }();
  now.for_each(visit);
}

Result<void> Space::read(Address from, std::span<std::byte> into) const {
  SpaceState& s = state();
  return for_each_page(from, into,
                       [&s](PageNo page, std::uint64_t offset, auto part) -> Result<void> {
                         const sync::Guard guard(s.lock);
                         const auto base = s.readable(page);
                         if (!base) return tl::unexpected(base.error());
                         sync::read_bytes(part.data(), *base + offset, part.size());
                         return {};
                       });
}

Result<void> Space::write(Address to, std::span<const std::byte> from) {
  SpaceState& s = state();
  return for_each_page(
      to, from, [&s](PageNo page, std::uint64_t offset, auto part) -> Result<void> {
        const sync::Guard guard(s.lock);
        const auto base = part.size() == kPageSize ? s.replaceable(page) : s.writable(page);
        if (!base) return tl::unexpected(base.error());
        sync::write_bytes(*base + offset, part.data(), part.size());
        return {};
      });
}

Result<Space> Space::fork() {
  SpaceState& s = state();
  SpaceState* made = SpaceState::make(s.frames);
  if (made == nullptr) return fail(Errc::no_memory, "malloc has no memory for a space");
  Space child(made);
  const sync::Guard guard(s.lock);
  s.withdraw_writers();
  const auto forked = made->table.fork_from(s.table, s.frames);
  s.resume();
  if (!forked) return tl::unexpected(forked.error());
  made->regions = s.regions;
  return child;
}

Result<Snapshot> Space::snapshot() {
  SpaceState& s = state();
  const sync::Guard guard(s.lock);
  Snapshot now(s.frames, s.regions);
  s.withdraw_writers();
  const auto forked = now.table_.fork_from(s.table, s.frames);
  s.resume();
  if (!forked) return tl::unexpected(forked.error());
  return now;
}

Result<void> Space::rollback(const Snapshot& snapshot) {
  SpaceState& s = state();
  if (&s.frames != snapshot.frames_) {
    return fail(Errc::bad_argument, "the snapshot comes from another pool");
  }
  Snapshot then = snapshot;  // ends as what the space held, and drops it after the lock is released
  const sync::Guard guard(s.lock);
  s.withdraw_everybody();
  const PageNo pinned = s.table.first_pinned(s.frames);
  if (pinned == kPageLimit) {
    s.table.swap(then.table_);
    std::swap(s.regions, then.regions_);
  }
  s.resume();
  if (pinned == kPageLimit) return {};
  return fail(Errc::pinned, "a page is pinned and cannot be exchanged; release the pin first",
              address_of(pinned));
}

Result<Pin> Space::pin(Address at, ByteCount bytes, PinAccess access, PinTerm term) {
  if (auto fits = check_pin_range(at, bytes); !fits) return tl::unexpected(fits.error());
  SpaceState& s = state();
  return PinBuilder(s.frames, at, bytes, access, term).finish_locked(s);
}

Result<Hold> Space::hold(Address at, ByteCount bytes) {
  if (auto fits = check_pin_range(at, bytes); !fits) return tl::unexpected(fits.error());
  const PageRange range{page_of(at), page_of(at + (bytes + (kPageSize - 1)))};
  SpaceState& s = state();
  Hold held(s.frames, at, bytes);
  const sync::Guard guard(s.lock);
  if (auto allowed = s.regions.check(range, Protection::read); !allowed) {
    return tl::unexpected(allowed.error());
  }
  s.withdraw_writers();
  const auto forked = held.table_.fork_range_from(s.table, range, s.frames);
  s.resume();
  if (!forked) return tl::unexpected(forked.error());
  return held;
}

}  // namespace cleave
