// The commits of one arena, as a tree.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <cleave/commit.h>
#include <cleave/error.h>
#include <cleave/snapshot.h>

#include "sync/allocator.h"
#include "sync/mutex.h"
#include "sync/process.h"

namespace cleave::detail {

using Text = std::basic_string<char, std::char_traits<char>, sync::Allocator<char>>;

/// Commits of one parent, from the oldest on, linked through themselves: so that a commit can
/// always leave the tree, memory or no memory.
struct Siblings {
  CommitNode* first = nullptr;
  CommitNode* last = nullptr;
};

/// Knows every living commit, and keeps those that have a name. Any thread. Lives as long as its
/// last commit. Its lock is a leaf: nothing is locked, and no commit ends, while it is held.
///
/// In a child of fork(2) it takes no lock and knows no commit; handles to them can be copied, asked
/// for what never changes, and let go.
class History : public std::enable_shared_from_this<History> {
 public:
  /// Adds a commit after `parent`; null: the first. With a name it is kept. Error: already_exists
  /// (a commit has that name), no_memory.
  Result<Commit> add(const Commit* parent, Snapshot snapshot, std::string_view name,
                     std::uint64_t pages, std::span<const std::byte> payload = {});

  [[nodiscard]] bool has(const Commit& commit) const;
  [[nodiscard]] std::optional<Commit> find(std::string_view name) const;
  bool forget(std::string_view name);
  /// Lets go of all names: the arena is gone.
  void forget_all();
  /// Makes `at` the same commit as `to`. A child of fork(2) that reads `at` without the lock finds
  /// one or the other.
  static void move(Commit& at, const Commit& to) noexcept;
  /// Errors: no_memory, not_permitted (in a child of fork(2)); nothing was visited.
  Result<void> for_each(function_ref<void(const Commit&, unsigned depth)> visit) const;
  [[nodiscard]] std::uint64_t made() const;
  [[nodiscard]] std::uint64_t living() const;

 private:
  friend class cleave::Commit;
  friend class CommitNode;

  /// By names that lie in the commits themselves.
  using Named = std::pair<const std::string_view, std::shared_ptr<CommitNode>>;
  using Kept =
      std::map<std::string_view, std::shared_ptr<CommitNode>, std::less<>, sync::Allocator<Named>>;

  const sync::Process process_ = sync::Process::current();
  mutable sync::mutex lock_;
  Siblings roots_ CLEAVE_GUARDED_BY(lock_);
  Kept kept_ CLEAVE_GUARDED_BY(lock_);
  std::uint64_t made_ CLEAVE_GUARDED_BY(lock_) = 0;
  std::uint64_t living_ CLEAVE_GUARDED_BY(lock_) = 0;
};

/// One commit. The history's lock guards its place in the tree; the rest never changes.
class CommitNode {
 public:
  CommitNode(std::shared_ptr<History> history, Snapshot snapshot, CommitNode* parent,
             std::string_view name, std::uint64_t pages, std::span<const std::byte> payload);
  /// Leaves the tree. Its children become its parent's, in its place, so that the order of a walk
  /// stays what it was.
  ~CommitNode();
  CommitNode(const CommitNode&) = delete;
  CommitNode& operator=(const CommitNode&) = delete;

 private:
  friend class cleave::Commit;
  friend class History;

  [[nodiscard]] Siblings& siblings() const CLEAVE_REQUIRES(history_->lock_);
  void enter_tree() CLEAVE_REQUIRES(history_->lock_);
  void leave_tree() CLEAVE_REQUIRES(history_->lock_);

  const std::shared_ptr<History> history_;
  const Snapshot snapshot_;
  const Text name_;
  const sync::Vector<std::byte> payload_;
  const std::uint64_t pages_;
  std::uint64_t number_ = 0;  // these two are set once, before any other thread knows the node
  std::weak_ptr<CommitNode> self_;
  CommitNode* parent_;
  CommitNode* previous_ = nullptr;
  CommitNode* next_ = nullptr;
  Siblings children_;
  bool in_tree_ = false;
};

}  // namespace cleave::detail
