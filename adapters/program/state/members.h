// The memory of the program under one commit: the arenas that it lies in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <utility>

#include <cleave/arena.h>

namespace cleave::program {

/// Arenas that share one history.
class Members {
 public:
  explicit Members(Pool pool) : pool_(std::move(pool)) {}

  /// Memory that exists; it stays where it is.
  Result<void> take_over(std::span<std::byte> memory);
  /// New memory; lives as long as this does.
  Result<Arena*> create(ByteCount size);

  /// As Arena has them; there is one member at least.
  Result<Commit> commit(std::span<const std::byte> payload);
  Result<void> checkout(const Commit& commit);

  /// Pages written back by checkouts, ever.
  [[nodiscard]] std::uint64_t restored() const;
  [[nodiscard]] bool contains(const void* at, std::size_t bytes) const;
  [[nodiscard]] const std::deque<Arena>& arenas() const { return arenas_; }

 private:
  [[nodiscard]] ArenaOptions options() const;

  Pool pool_;
  std::deque<Arena> arenas_;
};

}  // namespace cleave::program
