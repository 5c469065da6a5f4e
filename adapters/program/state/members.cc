#include "adapters/program/state/members.h"

#include <algorithm>
#include <utility>

namespace cleave::program {
namespace {

// The kernel itself writes to a program's stack, and to what threads have of their own.
ArenaOptions options() {
  ArenaOptions chosen;
  chosen.tracking = Tracking::async;
  return chosen;
}

}  // namespace

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

Result<Members::Together> Members::commit(std::span<const std::byte> payload) {
  Together all;
  for (Arena& arena : arenas_) {
    auto made = arena.commit({}, payload);
    if (!made) return tl::unexpected(made.error());
    all.push_back(std::move(*made));
  }
  return all;
}

Result<void> Members::checkout(const Together& commit) {
  for (std::size_t i = 0; i < arenas_.size(); ++i) {
    if (auto done = arenas_[i].checkout(commit[i]); !done) return done;
  }
  return {};
}

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
