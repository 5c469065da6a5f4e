#include "adapters/program/state/members.h"

#include <algorithm>
#include <utility>

namespace cleave::program {
// The kernel itself writes to a program's stack, and to what threads have of their own: only it can
// note all writes.
ArenaOptions Members::options() const {
  ArenaOptions chosen;
  chosen.tracking = Tracking::async;
  if (!arenas_.empty()) chosen.joins = &arenas_.front();
  return chosen;
}

Result<void> Members::take_over(std::span<std::byte> memory) {
  auto arena = Arena::take_over(pool_, memory, options());
  if (!arena) return tl::unexpected(arena.error());
  arenas_.push_back(std::move(*arena));
  return {};
}

Result<Arena*> Members::create(ByteCount size) {
  auto arena = Arena::create(pool_, size, options());
  if (!arena) return tl::unexpected(arena.error());
  arenas_.push_back(std::move(*arena));
  return &arenas_.back();
}

Result<Commit> Members::commit(std::span<const std::byte> payload) {
  return arenas_.front().commit({}, payload);
}
Result<void> Members::checkout(const Commit& commit) { return arenas_.front().checkout(commit); }

std::uint64_t Members::restored() const {
  std::uint64_t pages = 0;
  for (const Arena& arena : arenas_) pages += arena.statistics().restored;
  return pages;
}

bool Members::contains(const void* at, std::size_t bytes) const {
  return std::any_of(arenas_.begin(), arenas_.end(), [&](const Arena& arena) {
    return arena.contains(at) &&
           (bytes == 0 || arena.contains(static_cast<const std::byte*>(at) + bytes - 1));
  });
}

}  // namespace cleave::program
