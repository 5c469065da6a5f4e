#include "image/tree.h"

#include <algorithm>

#include "image/format/id.h"

namespace cleave::detail::image {

// The caller's own node: a copy where another tree has it too.
Tree::Node& Tree::own(std::shared_ptr<Node>& node, unsigned level) {
  if (node == nullptr) {
    node = std::make_shared<Node>();
    node->record.level = level;
  } else if (node.use_count() != 1) {
    node = std::make_shared<Node>(*node);
  }
  node->sealed = false;
  return *node;
}

void Tree::grow_to(PageNo page) {
  if (root_ == nullptr) (void)own(root_, 0);
  while (raw(page) >= pages_below(root_->record.level + 1)) {
    auto higher = std::make_shared<Node>();
    higher->record.level = root_->record.level + 1;
    higher->below[0] = std::move(root_);
    root_ = std::move(higher);
  }
}

void Tree::set(PageNo page, const ImageId& id) {
  grow_to(page);
  std::shared_ptr<Node>* at = &root_;
  unsigned level = root_->record.level;
  for (; level > 0; --level) {
    at = &own(*at, level).below[raw(page) / pages_below(level) % kEntries];
  }
  ImageId& entry = own(*at, 0).record.entries[raw(page) % kEntries];
  if (entry.is_none() && !id.is_none()) ++pages_;
  if (!entry.is_none() && id.is_none()) --pages_;
  entry = id;
}

// None where nothing is left below it.
const ImageId& Tree::seal(Node& node) {
  if (node.sealed) return node.id;
  if (node.record.level > 0) {
    for (unsigned i = 0; i < kEntries; ++i) {
      std::shared_ptr<Node>& below = node.below[i];
      node.record.entries[i] = below == nullptr ? ImageId{} : seal(*below);
      if (node.record.entries[i].is_none()) below = nullptr;
    }
  }
  const bool empty = std::ranges::all_of(node.record.entries, &ImageId::is_none);
  node.id = empty ? ImageId{} : hash(encode(node.record));
  node.sealed = true;
  return node.id;
}

Tree::Top Tree::seal() {
  if (root_ != nullptr && seal(*root_).is_none()) root_ = nullptr;
  while (root_ != nullptr && root_->record.level > 0) {
    const auto used = [](const ImageId& entry) { return !entry.is_none(); };
    const auto& entries = root_->record.entries;
    if (std::ranges::find_if(entries.begin() + 1, entries.end(), used) != entries.end()) break;
    root_ = std::shared_ptr<Node>(root_->below[0]);
  }
  if (root_ == nullptr) return {};
  return {root_->id, root_->record.level + 1};
}

Result<void> Tree::visit(const Node& node, std::uint64_t first, const Visitor& visitor) {
  const unsigned level = node.record.level;
  for (unsigned i = 0; i < kEntries; ++i) {
    if (node.record.entries[i].is_none()) continue;
    const std::uint64_t from = first + i * pages_below(level);
    auto done = level == 0 ? visitor.page(PageNo{from}, node.record.entries[i])
                           : visit(*node.below[i], from, visitor);
    if (!done) return done;
  }
  return visitor.node(node.id, encode(node.record));
}

Result<void> Tree::visit(const Visitor& visitor) const {
  if (root_ == nullptr) return {};
  return visit(*root_, 0, visitor);
}

}  // namespace cleave::detail::image
