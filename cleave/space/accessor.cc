#include "cleave/space/accessor.h"

#include <algorithm>

#include "cleave/base/check.h"
#include "cleave/space/pages.h"
#include "cleave/space/pin_builder.h"
#include "cleave/space/space.h"
#include "cleave/space/space_state.h"
#include "cleave/sync/memory.h"

namespace cleave {
namespace {

bool is_odd(std::uint64_t stamp) { return (stamp & 1) != 0; }

// A fork by the thread that made an accessor does not wait for it. In another thread's hands its stores
// would race with that fork, so a misplaced accessor is caught at the first page that it has to look up.
void check_thread(const Member& member) {
  CLEAVE_CHECK(
      member.thread == sync::this_thread(),
      "an accessor is used by another thread than the one that made it; make one a thread");
}

tl::unexpected<Error> failed(Error error, Address at) {
  error.where = at;
  return tl::unexpected(error);
}

}  // namespace

Result<Accessor> Space::accessor() {
  SpaceState& s = state();
  const sync::Guard guard(s.lock);
  if (s.audience == nullptr) s.audience = sync::make<Audience>();
  Accessor::State* made =
      s.audience == nullptr ? nullptr : sync::make<Accessor::State>(s, *s.audience);
  if (made == nullptr) return fail(Errc::no_memory, "malloc has no memory for an accessor");
  s.hold();
  s.audience->attach(made->member);
  s.frames.census().accessors.add(1, sync::relaxed);
  return Accessor(made);
}

Accessor::~Accessor() {
  if (state_ == nullptr) return;
  SpaceState& space = state_->space;
  space.frames.census().accessors.sub(1, sync::relaxed);
  {
    const sync::Guard guard(space.lock);
    space.audience->detach(state_->member, space.frames);
  }
  sync::destroy(state_);
  space.let_go();
}

// The stamp of the translation is read before the write stamp. A withdrawal changes them the other way
// round: if ours is already the new one, we find the write stamp odd and remember nothing.
const std::byte* Accessor::State::walk_for_reading(PageNo page) {
  check_thread(member);
  const std::uint64_t stamp = audience.stamps.read_for(page).load(sync::acquire);
  if (is_odd(audience.stamps.write.load(sync::seq_cst))) return nullptr;
  const Region* region = space.regions.find(page);
  if (region == nullptr || region->protection < Protection::read) return nullptr;
  std::byte* base = space.frames.data(space.table.find(page));
  if (!is_odd(stamp)) reads[raw(page) % kTranslations] = {page, stamp, base};
  return base;
}

// Not inside a section yet: a new stamp is adopted only outside, because entries must be strong again.
bool Accessor::State::enter_under(std::uint64_t stamp) {
  if (is_odd(stamp)) return false;
  if (stamp != write_stamp) {
    member.section.start_strong(stamp);
    write_stamp = stamp;
  }
  member.section.enter_writing();
  // From here to leave(), no fork can take place: whoever starts one waits for us.
  if (audience.stamps.write.load(sync::seq_cst) == stamp || !sync::performs("enter.stamp"))
    return true;
  member.section.leave();
  return false;
}

std::byte* Accessor::State::walk_for_writing(PageNo page) {
  check_thread(member);
  const std::uint64_t stamp = audience.stamps.write.load(sync::acquire);
  if (!enter_under(stamp)) return nullptr;
  const Region* region = space.regions.find(page);
  if (region != nullptr && region->protection == Protection::read_write) {
    const FrameId frame = space.table.find_owned(page, space.frames);
    if (frame != kZeroFrame) {
      std::byte* base = space.frames.data(frame);
      writes[raw(page) % kTranslations] = {page, stamp, base};
      return base;
    }
  }
  member.section.leave();
  return nullptr;
}

bool Accessor::State::pin_without_lock(PinBuilder& builder) {
  check_thread(member);
  if (!enter_under(audience.stamps.write.load(sync::acquire))) return false;
  const PageRange rest = builder.rest();
  const Region* region = space.regions.find(rest.first);
  bool pinned = false;
  if (region != nullptr && region->protection == Protection::read_write) {
    const PageRange allowed{rest.first, std::min(rest.end, region->pages.end)};
    pinned = builder.pin_owned(space.table, allowed) == Table::Stop::ok;
  }
  member.section.leave();
  return pinned;
}

Result<const std::byte*> Accessor::State::lock_readable(Address at, std::size_t bytes) {
  if (auto fits = check_within_limit(at, bytes); !fits) return tl::unexpected(fits.error());
  space.lock.lock();
  const auto base = space.readable(page_of(at));
  if (base) return *base + offset_in_page(at);
  space.lock.unlock();
  return failed(base.error(), at);
}

Result<std::byte*> Accessor::State::lock_writable(Address at, std::size_t bytes) {
  if (auto fits = check_within_limit(at, bytes); !fits) return tl::unexpected(fits.error());
  const PageNo page = page_of(at);
  space.lock.lock();
  const auto base = space.writable(page);
  if (!base) {
    space.lock.unlock();
    return failed(base.error(), at);
  }
  // Stamps stand still under the lock.
  const std::uint64_t stamp = audience.stamps.write.load(sync::relaxed);
  if (stamp != write_stamp) {
    member.section.start_strong(stamp);
    write_stamp = stamp;
  }
  writes[raw(page) % kTranslations] = {page, stamp, *base};
  return *base + offset_in_page(at);
}

void Accessor::State::unlock() { space.lock.unlock(); }

Result<Pin> Accessor::pin(Address at, ByteCount bytes, PinAccess access, PinTerm term) {
  if (auto fits = check_pin_range(at, bytes); !fits) return tl::unexpected(fits.error());
  SpaceState& space = state_->space;
  PinBuilder builder(space.frames, at, bytes, access, term);
  while (!builder.done()) {
    if (!builder.make_room()) {
      return fail(Errc::no_memory, "malloc has no memory to list pinned pages", at);
    }
    if (state_->pin_without_lock(builder)) continue;
    if (auto pinned = builder.pin_locked(space); !pinned) return tl::unexpected(pinned.error());
  }
  return builder.take();
}

namespace {

// A fork waits for a section, so one copies no more than this; and no less where frames happen to lie side
// by side, because one long copy is a tenth faster than its pages one by one.
constexpr std::size_t kLongestRun = 16 * kPageSize;

std::size_t rest_of_page(Address at, std::size_t bytes) {
  return std::min<std::size_t>(bytes, kPageSize - offset_in_page(at));
}

// How many of `bytes` bytes from `at` on lie in one piece, the first page being at `base`. `find` gives the
// place of a page, or nullptr.
template <class Find>
std::size_t run_length(Address at, std::size_t bytes, const std::byte* base, Find find) {
  std::size_t size = rest_of_page(at, bytes);
  for (PageNo page = page_of(at) + 1; size < bytes && size < kLongestRun; ++page) {
    base += kPageSize;
    if (find(page) != base) break;
    size = std::min<std::size_t>(bytes, size + kPageSize);
  }
  return size;
}

}  // namespace

std::size_t Accessor::State::read_run(Address from, std::span<std::byte> into) {
  std::size_t size = 0;
  member.section.enter_reading();
  if (const std::byte* base = find_readable(page_of(from))) {
    size = run_length(from, into.size(), base, [this](PageNo page) { return find_readable(page); });
    sync::read_bytes(into.data(), base + offset_in_page(from), size);
  }
  member.section.leave();
  return size;
}

std::size_t Accessor::State::write_run(Address to, std::span<const std::byte> from) {
  std::byte* base = enter_writable(page_of(to));
  if (base == nullptr) return 0;
  const std::size_t size =
      run_length(to, from.size(), base, [this](PageNo page) { return remembered_writable(page); });
  sync::write_bytes(base + offset_in_page(to), from.data(), size);
  member.section.leave();
  return size;
}

Result<void> Accessor::read(Address from, std::span<std::byte> into) {
  if (auto fits = check_within_limit(from, into.size()); !fits) return fits;
  while (!into.empty()) {
    std::size_t size = state_->read_run(from, into);
    if (size == 0) {
      size = rest_of_page(from, into.size());
      const auto where = state_->lock_readable(from, size);
      if (!where) return tl::unexpected(where.error());
      sync::read_bytes(into.data(), *where, size);
      state_->unlock();
    }
    from = from + size;
    into = into.subspan(size);
  }
  return {};
}

Result<void> Accessor::write(Address to, std::span<const std::byte> from) {
  if (auto fits = check_within_limit(to, from.size()); !fits) return fits;
  while (!from.empty()) {
    std::size_t size = state_->write_run(to, from);
    if (size == 0) {
      size = rest_of_page(to, from.size());
      const auto where = state_->lock_writable(to, size);
      if (!where) return tl::unexpected(where.error());
      sync::write_bytes(*where, from.data(), size);
      state_->unlock();
    }
    to = to + size;
    from = from.subspan(size);
  }
  return {};
}

}  // namespace cleave
