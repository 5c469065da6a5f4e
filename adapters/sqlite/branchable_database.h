// An SQLite database that commits and checks out like a working tree, open transactions and all.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <cleave/arena.h>
#include <cleave/heap.h>
#include <cleave/pool.h>

#include "adapters/sqlite/connection.h"

namespace cleave::sqlite {

/// A database in memory, and the connection to it, with all that SQLite knows of them inside one
/// arena: tables, schema, caches, temporary tables, an open transaction with its savepoints.
/// commit() remembers that state, checkout() brings it back, at a cost that follows the pages of
/// memory that differ. docs/explanation/sqlite.md tells what stays outside.
///
/// Statements would dangle, so none may be alive at a commit or a checkout. One thread at a time.
class BranchableDatabase {
 public:
  struct Options {
    /// The most that database, caches and statements may take; SQLite reports SQLITE_NOMEM beyond.
    /// Address space at first, memory as it is used.
    ByteCount memory = ByteCount{std::uint64_t{1} << 30};
    /// Any but `software`: SQLite does not tell what it writes.
    Tracking tracking = Tracking::automatic;
  };

  /// An empty database, and a first commit of it. Throws DatabaseError: the tracking does not work
  /// here, or there is no memory.
  explicit BranchableDatabase(const Options& options);
  /// The same with commits in `pool`, which may have a backing; else they may take sixteen times
  /// `memory`. A commit and a checkout then also throw what a backing answers.
  BranchableDatabase(Pool pool, const Options& options);

  [[nodiscard]] Connection& connection() { return *connection_; }

  /// Remembers the present state; with a name, until forget(). Throws DatabaseError: statements are
  /// alive, the name is taken, or there is no memory; nothing has changed then.
  Commit commit(std::string_view name = {});
  /// Makes the state that of `commit`. Throws DatabaseError: statements are alive, or the commit
  /// belongs to another database; nothing has changed then.
  void checkout(const Commit& commit);
  /// Gives up what changed since the commit that it stands at. Throws as checkout().
  void revert() { checkout(head()); }
  /// Runs `look` with everything as it was at `commit`, and comes back, uncommitted changes
  /// included, even if `look` throws. Costs a commit and two checkouts. What `look` changes is
  /// lost. Throws as commit() and checkout().
  void look_at(const Commit& commit, const std::function<void()>& look);

  /// The commit of the empty database, from which all others come.
  [[nodiscard]] const Commit& first() const { return *first_; }
  /// The commit that was made or checked out last.
  [[nodiscard]] const Commit& head() const { return *head_; }
  [[nodiscard]] std::optional<Commit> find(std::string_view name) const {
    return arena_.find(name);
  }
  /// Lets go of a name, and of the commit with its last handle. False: there is no such name.
  bool forget(std::string_view name) { return arena_.forget(name); }

  /// Pages of memory, of 4 KiB, that may have changed since head(); after look_at() some may count
  /// twice.
  std::uint64_t changed_pages();
  /// Pages of memory in which two commits differ.
  [[nodiscard]] std::uint64_t differing_pages(const Commit& a, const Commit& b) const;
  /// What all commits take, in memory and away.
  [[nodiscard]] ByteCount committed() const {
    const PoolStatistics now = pool_.statistics();
    return (now.used + now.away) * kPageSize;
  }

  [[nodiscard]] const Pool& pool() const { return pool_; }
  [[nodiscard]] const Arena& arena() const { return arena_; }
  [[nodiscard]] const Heap& heap() const { return heap_; }

 private:
  void check_statements(const char* before) const;

  // In the order in which each needs the one before.
  Pool pool_;
  Arena arena_;
  Heap heap_;
  std::optional<Connection> connection_;
  std::optional<Commit> first_;
  std::optional<Commit> head_;  // the arena's own may be one that only look_at() needed
};

}  // namespace cleave::sqlite
