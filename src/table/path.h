// The way down a tree to a page's entry, kept for the next page, whose way mostly begins as this
// one did.
#pragma once

#include <array>

#include <cleave/units.h>

#include "table/geometry.h"
#include "table/node.h"

namespace cleave::detail {

/// One thread's. Good while none of its nodes can go or get another owner: while the space's lock
/// is held, or for as long as there is the snapshot whose tree it is. `N` is Node, or const Node.
template <class N>
class Path {
 public:
  /// The lowest node known that leads to `page`; nullptr: none is. What is added next is the node
  /// below that one, or the root.
  [[nodiscard]] N* towards(PageNo page) noexcept {
    while (lowest_ < height_ && (raw(page) ^ raw(page_)) >> (kNodeBits * (lowest_ + 1)) != 0) {
      ++lowest_;
    }
    page_ = page;
    return lowest_ < height_ ? nodes_[lowest_] : nullptr;
  }
  void add(N& node) noexcept {
    if (lowest_ == height_) height_ = node.level + 1;
    lowest_ = node.level;
    nodes_[lowest_] = &node;
  }

 private:
  PageNo page_{0};
  unsigned height_ = 0;  // levels from the root down; 0: no root is known
  unsigned lowest_ = 0;  // the level from which on nodes are known; all of them: height_
  std::array<N*, kMostLevels> nodes_;
};

}  // namespace cleave::detail
