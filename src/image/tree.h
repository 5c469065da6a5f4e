// The tree of a commit that is being made: ids of pages, and of the nodes above them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include <cleave/error.h>
#include <cleave/function_ref.h>
#include <cleave/units.h>

#include "image/format/node.h"

namespace cleave::detail::image {

/// Copies share what they have in common, so that the next commit's tree costs what differs. It is
/// the same whatever it came from: as low as its highest page allows, without empty nodes.
class Tree {
 public:
  /// Says what the page holds; none: zeroes.
  void set(PageNo page, const ImageId& id);
  /// The pages that are not zero.
  [[nodiscard]] std::uint64_t pages() const { return pages_; }

  struct Top {
    ImageId root;
    unsigned height = 0;
  };
  /// Names all nodes. Cost: by what was set since the last time.
  Top seal();

  /// After seal(): visits pages and nodes, what lies below before what lies above.
  struct Visitor {
    function_ref<Result<void>(PageNo, const ImageId&)> page;
    function_ref<Result<void>(const ImageId&, const Bytes&)> node;
  };
  Result<void> visit(const Visitor& visitor) const;

 private:
  struct Node {
    NodeRecord record;
    std::array<std::shared_ptr<Node>, kEntries> below;
    ImageId id;
    bool sealed = false;
  };
  static Node& own(std::shared_ptr<Node>& node, unsigned level);
  static const ImageId& seal(Node& node);
  static Result<void> visit(const Node& node, std::uint64_t first, const Visitor& visitor);
  void grow_to(PageNo page);

  std::shared_ptr<Node> root_;
  std::uint64_t pages_ = 0;
};

}  // namespace cleave::detail::image
