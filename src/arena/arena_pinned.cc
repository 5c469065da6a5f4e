// Pages of an arena that devices have.
#include <algorithm>
#include <utility>

#include "arena/arena_state.h"
#include "arena/arena_turn.h"
#include "base/check.h"
#include "base/fail.h"
#include "base/handle_access.h"
#include "space/snapshot_state.h"

namespace cleave::detail {

Result<ArenaPin> ArenaState::pin(const void* at, ByteCount bytes, PinAccess access, PinTerm term) {
  if (auto here = check_here(); !here) return tl::unexpected(here.error());
  const sync::Guard guard(lock_);
  const auto run = pages_of(at, bytes);
  if (!run) return tl::unexpected(run.error());
  auto listed = sync::or_no_memory("out of memory allocating a pin", [&]() -> Result<void> {
    lock_.assume_held();  // by the function around
    pins_.push_back({*run, access, term});
    return {};
  });
  if (!listed) return tl::unexpected(listed.error());
  const std::ptrdiff_t offset = static_cast<const std::byte*>(at) - mapping_.native();
  return ArenaPin(shared_from_this(), {mapping_.alias(0) + offset, bytes.value}, access, term);
}

void ArenaState::unpin(std::span<std::byte> bytes, PinAccess access, PinTerm term) noexcept {
  if (!mapping_.is_here()) return;  // for the reason of check_here()
  const Turn turn(*this);
  const auto run = pages_of(mapping_.native() + (bytes.data() - mapping_.alias(0)), bytes.size());
  const auto pinned = std::find(pins_.begin(), pins_.end(), Pinned{*run, access, term});
  CLEAVE_CHECK(pinned != pins_.end(), "a pin was released that the arena does not know of");
  if (access == PinAccess::write) {
    changed_.add(*run);
    suspected_.add(*run);
  }
  *pinned = pins_.back();
  pins_.pop_back();
}

Result<Hold> ArenaState::hold(const void* at, ByteCount bytes) {
  if (auto here = check_here(); !here) return tl::unexpected(here.error());
  const sync::Guard guard(lock_);
  const auto run = pages_of(at, bytes);
  if (!run) return tl::unexpected(run.error());
  if (auto placed = mapping_.check_in_place(); !placed) return tl::unexpected(placed.error());
  if (auto collected = collect(*run); !collected) return tl::unexpected(collected.error());
  auto now = recorded_.fork();
  if (!now) return tl::unexpected(now.error());
  std::uint64_t written = 0;
  ResidentRanges resident(mapping_);
  auto recorded = changed_.for_each_run(*run, [&](PageRun part) {
    lock_.assume_held();  // by the function around
    return record(part, resident, HandleAccess::state(head_->snapshot()), *now, written);
  });
  if (!recorded) return tl::unexpected(recorded.error());
  return now->hold(Address{reinterpret_cast<std::uintptr_t>(at)}, bytes);
}

std::uint64_t ArenaState::count(PinTerm term) const {
  return static_cast<std::uint64_t>(std::count_if(
      pins_.begin(), pins_.end(), [term](const Pinned& p) { return p.term == term; }));
}

}  // namespace cleave::detail
