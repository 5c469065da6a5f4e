// What differs between two commits: trees are compared from the top, and what both have is skipped.
#include "image/state.h"

namespace cleave::detail::image {
namespace {

// A tree, or a part of one. `height` 0: a page.
struct Part {
  ImageId id;
  unsigned height = 0;
  friend bool operator==(const Part&, const Part&) = default;
};

class Differences {
 public:
  Differences(Objects& objects, function_ref<void(PageRange)> out) : objects_(objects), out_(out) {}

  // Both stand for as many pages as a tree of this height has, from `first` on.
  Result<void> compare(const Part& a, const Part& b, unsigned height, std::uint64_t first) {
    if (a == b) return {};
    if (height == 0) {
      add(PageNo{first});
      return {};
    }
    const auto left = below(a, height);
    if (!left) return tl::unexpected(left.error());
    const auto right = below(b, height);
    if (!right) return tl::unexpected(right.error());
    for (unsigned i = 0; i < kEntries; ++i) {
      const std::uint64_t from = first + i * pages_below(height - 1);
      auto done = compare((*left)[i], (*right)[i], height - 1, from);
      if (!done) return done;
    }
    return {};
  }
  void close() {
    if (open_.pages() != 0) out_(open_);
    open_ = {PageNo{0}, PageNo{0}};
  }

 private:
  using Parts = std::array<Part, kEntries>;

  // A tree that is not as high stands where the first entry of a higher one would.
  Result<Parts> below(const Part& part, unsigned height) {
    Parts parts{};
    if (part.id.is_none()) return parts;
    if (part.height < height) {
      parts[0] = part;
      return parts;
    }
    const auto node = objects_.node(part.id, height - 1);
    if (!node) return tl::unexpected(node.error());
    for (unsigned i = 0; i < kEntries; ++i) {
      if (!node->entries[i].is_none()) parts[i] = {node->entries[i], height - 1};
    }
    return parts;
  }

  void add(PageNo page) {
    if (open_.end != page) {
      close();
      open_.first = page;
    }
    open_.end = page + 1;
  }

  Objects& objects_;
  function_ref<void(PageRange)> out_;
  PageRange open_{PageNo{0}, PageNo{0}};
};

}  // namespace

Result<void> RepositoryState::diff(const ImageRecord& a, const ImageRecord& b,
                                   function_ref<void(PageRange)> out) {
  Differences differences(objects, out);
  const auto done =
      differences.compare({a.root, a.height}, {b.root, b.height}, std::max(a.height, b.height), 0);
  if (!done) return tl::unexpected(done.error());
  differences.close();
  return {};
}

}  // namespace cleave::detail::image
