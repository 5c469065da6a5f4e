#include "arena/joint/history.h"

#include <utility>

#include "base/check.h"
#include "base/fail.h"

namespace cleave {
using namespace detail;

CommitNode::CommitNode(std::shared_ptr<History> history, Snapshot snapshot, CommitNode* parent,
                       std::string_view name, std::uint64_t pages,
                       std::span<const std::byte> payload)
    : history_(std::move(history)),
      snapshot_(std::move(snapshot)),
      name_(name),
      payload_(payload.begin(), payload.end()),
      pages_(pages),
      parent_(parent) {}

CommitNode::~CommitNode() {
  const sync::Guard guard(history_->lock_);
  if (in_tree_) leave_tree();
}

Siblings& CommitNode::siblings() const {
  return parent_ == nullptr ? history_->roots_ : parent_->children_;
}

void CommitNode::enter_tree() {
  Siblings& all = siblings();
  previous_ = all.last;
  (previous_ == nullptr ? all.first : previous_->next_) = this;
  all.last = this;
  in_tree_ = true;
  ++history_->living_;
}

void CommitNode::leave_tree() {
  Siblings& all = siblings();
  for (CommitNode* child = children_.first; child != nullptr; child = child->next_) {
    child->parent_ = parent_;
  }
  const bool leaf = children_.first == nullptr;
  if (!leaf) {
    children_.first->previous_ = previous_;
    children_.last->next_ = next_;
  }
  (previous_ == nullptr ? all.first : previous_->next_) = leaf ? next_ : children_.first;
  (next_ == nullptr ? all.last : next_->previous_) = leaf ? previous_ : children_.last;
  --history_->living_;
}

CommitNode& Commit::node() const noexcept {
  CLEAVE_CHECK(node_ != nullptr, "use of a moved-from Commit");
  return *node_;
}

const Snapshot& Commit::snapshot() const { return node().snapshot_; }
std::string_view Commit::name() const { return node().name_; }
std::uint64_t Commit::number() const { return node().number_; }
std::uint64_t Commit::pages() const { return node().pages_; }
std::span<const std::byte> Commit::payload() const { return node().payload_; }

std::optional<Commit> Commit::parent() const {
  if (!node().history_->process_.is_here()) return std::nullopt;
  const sync::Guard guard(node().history_->lock_);
  // A parent whose last handle has just gone is on its way out, and waits for this lock.
  for (CommitNode* above = node_->parent_; above != nullptr; above = above->parent_) {
    if (auto alive = above->self_.lock()) return Commit(std::move(alive));
  }
  return std::nullopt;
}

Result<Commit> History::add(const Commit* parent, Snapshot snapshot, std::string_view name,
                            std::uint64_t pages, std::span<const std::byte> payload) {
  return sync::or_no_memory("out of memory allocating a commit", [&]() -> Result<Commit> {
    CommitNode* above = parent == nullptr ? nullptr : parent->node_.get();
    // Made before the lock is taken: if it comes to nothing, it takes the lock to end.
    auto node = sync::share_new<CommitNode>(shared_from_this(), std::move(snapshot), above, name,
                                            pages, payload);
    node->self_ = node;
    const sync::Guard guard(lock_);
    if (!name.empty() && !kept_.try_emplace(node->name_, node).second) {
      return fail(Errc::already_exists, "the arena keeps a commit of that name; forget it first");
    }
    node->number_ = made_++;
    node->history_->lock_.assume_held();  // which is ours
    node->enter_tree();
    return Commit(std::move(node));
  });
}

bool History::has(const Commit& commit) const { return commit.node().history_.get() == this; }

std::optional<Commit> History::find(std::string_view name) const {
  if (!process_.is_here()) return std::nullopt;
  const sync::Guard guard(lock_);
  const auto found = kept_.find(name);
  if (found == kept_.end()) return std::nullopt;
  return Commit(found->second);
}

bool History::forget(std::string_view name) {
  if (!process_.is_here()) return false;
  std::shared_ptr<CommitNode> last;  // ends, if it was the last handle, after the lock is released
  const sync::Guard guard(lock_);
  const auto found = kept_.find(name);
  if (found == kept_.end()) return false;
  last = std::move(found->second);
  kept_.erase(found);
  return true;
}

void History::forget_all() {
  Kept last;
  const sync::Guard guard(lock_);
  std::swap(last, kept_);
}

// What was there is let go of last: no holder is lost while a child might still look.
void History::move(Commit& at, const Commit& to) noexcept {
  std::shared_ptr<CommitNode> last = to.node_;
  at.node_.swap(last);
}

Result<void> History::for_each(function_ref<void(const Commit&, unsigned)> visit) const {
  if (!process_.is_here()) {
    return fail(Errc::not_permitted, "a child of fork(2) has no view of its parent's commits");
  }
  using Found = sync::Vector<std::pair<Commit, unsigned>>;
  auto all = sync::or_no_memory("out of memory listing the commits", [&]() -> Result<Found> {
    Found found;
    const sync::Guard guard(lock_);
    found.reserve(living_);  // a handle that could not be listed would end under the lock
    sync::Vector<std::pair<CommitNode*, unsigned>> ahead;
    const auto put_ahead = [&ahead](const Siblings& nodes, unsigned depth) {
      for (CommitNode* node = nodes.last; node != nullptr; node = node->previous_) {
        ahead.emplace_back(node, depth);
      }
    };
    put_ahead(roots_, 0);
    while (!ahead.empty()) {
      const auto [node, depth] = ahead.back();
      ahead.pop_back();
      auto alive = node->self_.lock();
      const bool counts = alive != nullptr;
      if (counts) found.emplace_back(Commit(std::move(alive)), depth);
      put_ahead(node->children_, counts ? depth + 1 : depth);
    }
    return found;
  });
  if (!all) return tl::unexpected(all.error());
  for (const auto& [commit, depth] : *all) visit(commit, depth);
  return {};
}

std::uint64_t History::made() const {
  const sync::Guard guard(lock_);
  return made_;
}

std::uint64_t History::living() const {
  const sync::Guard guard(lock_);
  return living_;
}

}  // namespace cleave
