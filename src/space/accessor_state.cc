#include "space/accessor_state.h"

#include <algorithm>

#include "base/check.h"
#include "base/fail.h"
#include "frames/provided.h"
#include "space/pages.h"

namespace cleave::detail {
namespace {

bool is_odd(std::uint64_t stamp) { return (stamp & 1) != 0; }

// A fork by the thread that made an accessor does not wait for it. In another thread's hands its
// stores would race with that fork, so a misplaced accessor is caught at the first page that it has
// to look up.
void check_thread(const Participant& participant) {
  CLEAVE_CHECK(
      participant.thread == sync::this_thread(),
      "an accessor is used by another thread than the one that made it; make one a thread");
}

tl::unexpected<Error> failed(Error error, Address at) {
  error.where = at;
  return tl::unexpected(error);
}

}  // namespace

const std::byte* AccessorState::find_readable(PageNo page) {
  const std::byte* base = readable(raw(page));
  return base != nullptr ? base : walk_for_reading(page);
}

std::byte* AccessorState::enter_writable(PageNo page) {
  section.enter_writing();
  if (std::byte* base = writable(raw(page))) [[likely]]
    return base;
  section.leave();
  return walk_for_writing(page);
}

// The stamp of the translation is read before the write stamp. A revocation changes them the other
// way round: if ours is already the new one, we find the write stamp odd and remember nothing.
const std::byte* AccessorState::walk_for_reading(PageNo page) {
  if (!space.is_here()) return nullptr;
  check_thread(participant);
  const std::uint64_t stamp = stamps.read_for(raw(page)).load(sync::acquire);
  if (is_odd(stamps.write.load(sync::seq_cst))) return nullptr;
  const Region* region = space.regions.find(page);
  if (region == nullptr || region->protection < Protection::read) return nullptr;
  std::byte* base = space.frames.reach(space.table.find(page));
  if (base != nullptr && !is_odd(stamp))
    reads[raw(page) % kTranslations] = {raw(page), stamp, base};
  return base;
}

// Not inside a section yet: a new stamp is adopted only outside, because entries must be strong
// again.
bool AccessorState::enter_under(std::uint64_t stamp) {
  check_thread(participant);
  if (is_odd(stamp)) return false;
  if (stamp != write_stamp) {
    section.start_strong(stamp);
    write_stamp = stamp;
  }
  section.enter_writing();
  // From here to leave(), no fork can take place: whoever starts one waits for us.
  if (stamps.write.load(sync::seq_cst) == stamp || !sync::performs("enter.stamp")) return true;
  section.leave();
  return false;
}

std::byte* AccessorState::walk_for_writing(PageNo page) {
  if (!space.is_here()) return nullptr;
  const std::uint64_t stamp = stamps.write.load(sync::relaxed);  // enter_under() looks again
  if (!enter_under(stamp)) return nullptr;
  const Region* region = space.regions.find(page);
  if (region != nullptr && region->protection == Protection::read_write) {
    const FrameId frame = space.table.find_owned(page, space.frames);
    std::byte* base = frame == kZeroFrame ? nullptr : space.frames.reach_for_writing(frame);
    if (base != nullptr) {
      writes[raw(page) % kTranslations] = {raw(page), stamp, base};
      return base;
    }
  }
  section.leave();
  return nullptr;
}

Result<const std::byte*> AccessorState::lock_readable(Address at, std::size_t bytes) {
  if (!space.is_here()) return not_here();
  if (auto fits = check_within_limit(at, bytes); !fits) return tl::unexpected(fits.error());
  for (Provided provided(space.frames);;) {
    space.lock.lock();
    auto base = space.readable(page_of(at));
    if (base) return *base + offset_in_page(at);
    space.lock.unlock();
    if (!provided.provide(base.error())) return failed(base.error(), at);
  }
}

Result<std::byte*> AccessorState::lock_writable(Address at, std::size_t bytes) {
  if (!space.is_here()) return not_here();
  if (auto fits = check_within_limit(at, bytes); !fits) return tl::unexpected(fits.error());
  const PageNo page = page_of(at);
  Provided provided(space.frames);
  space.lock.lock();
  auto base = space.writable(page);
  while (!base) {
    space.lock.unlock();
    if (!provided.provide(base.error())) return failed(base.error(), at);
    space.lock.lock();
    base = space.writable(page);
  }
  // Stamps stand still under the lock.
  const std::uint64_t stamp = stamps.write.load(sync::relaxed);
  if (stamp != write_stamp) {
    section.start_strong(stamp);
    write_stamp = stamp;
  }
  writes[raw(page) % kTranslations] = {raw(page), stamp, *base};
  return *base + offset_in_page(at);
}

}  // namespace cleave::detail
