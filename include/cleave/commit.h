// A commit: what an arena held at one moment, and where that stands in the arena's history.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <cleave/detail/config.h>
#include <cleave/snapshot.h>
#include <cleave/units.h>

namespace cleave {

class Arena;
namespace detail {
class CommitNode;
class History;
}  // namespace detail

/// The most that Commit::payload() may be: enough for every register of a thread, and for seeds,
/// offsets and the like.
inline constexpr ByteCount kMostPayload = std::uint64_t{64} << 10;

/// A handle to a commit, as small as a pointer. The commit lives as long as a handle to it does, or
/// the arena keeps it by its name; a commit that is let go takes only its own contents with it, and
/// those that came after it continue from the one before. Any thread may copy and read handles. A
/// moved-from handle can be destroyed and assigned to; any other use stops the program.
class CLEAVE_API Commit {
 public:
  /// The contents, at the arena's own addresses. Reads, forks and compares like any snapshot.
  [[nodiscard]] const Snapshot& snapshot() const;
  /// The commit that the arena stood at when this was made, or the nearest before that still lives.
  /// Empty for the first.
  [[nodiscard]] std::optional<Commit> parent() const;
  /// Empty if it has none. Followed by a zero; lives as long as the commit.
  [[nodiscard]] std::string_view name() const;
  /// 0 for the arena's first, then counting up. Never used twice in one arena.
  [[nodiscard]] std::uint64_t number() const;
  /// Pages that were written to the pool for it.
  [[nodiscard]] std::uint64_t pages() const;

  /// What Arena::commit() was given to keep with it; empty: nothing. Lives as long as the commit.
  [[nodiscard]] std::span<const std::byte> payload() const;

  /// Whether both are handles to the same commit.
  friend bool operator==(const Commit& a, const Commit& b) { return a.node_ == b.node_; }

 private:
  friend class Arena;
  friend class detail::History;
  explicit Commit(std::shared_ptr<detail::CommitNode> node) : node_(std::move(node)) {}

  [[nodiscard]] CLEAVE_HIDDEN detail::CommitNode& node() const noexcept;

  std::shared_ptr<detail::CommitNode> node_;
};

}  // namespace cleave
