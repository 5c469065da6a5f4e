#include "image/leaves/leaves.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/fail.h"

namespace cleave::detail::image {
namespace {

constexpr std::uint64_t lowest_bits(std::uint64_t count) {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

// Of the 64 pages from `first` on, those that lie in a region.
std::uint64_t mapped_from(PageNo first, const std::vector<Region>& regions) {
  const PageNo end = first + kEntries;
  auto region = std::ranges::upper_bound(regions, first, {},
                                         [](const Region& each) { return each.pages.first; });
  if (region != regions.begin()) --region;
  std::uint64_t mapped = 0;
  for (; region != regions.end() && region->pages.first < end; ++region) {
    const PageNo from = std::max(first, region->pages.first);
    const PageNo to = std::min(end, region->pages.end);
    if (from < to) mapped |= lowest_bits(to - from) << (from - first);
  }
  return mapped;
}

class Leaves {
 public:
  Leaves(Objects& objects, const ImageRecord& record) : objects_(objects), record_(record) {}

  Result<std::vector<Leaf>> list() {
    if (record_.height > 0) {
      auto done = below(record_.root, record_.height - 1, 0);
      if (!done) return tl::unexpected(done.error());
    }
    return std::move(leaves_);
  }

 private:
  Result<void> below(const ImageId& id, unsigned level, std::uint64_t first) {
    if (level == 0) return add(id, PageNo{first});
    const auto node = objects_.node(id, level);
    if (!node) return tl::unexpected(node.error());
    for (unsigned i = 0; i < kEntries; ++i) {
      if (node->entries[i].is_none()) continue;
      auto done = below(node->entries[i], level - 1, first + i * pages_below(level));
      if (!done) return done;
    }
    return {};
  }

  Result<void> add(const ImageId& id, PageNo first) {
    if (leaves_.size() == record_.pages) {
      return fail(Errc::bad_argument, "an image has more pages than it says");
    }
    if (leaves_.size() == kMostLeaves) {
      return fail(Errc::unsupported,
                  "an image whose pages lie in more than 2^26 runs of 64 cannot be checked out "
                  "lazily; check it out at once");
    }
    const std::uint64_t mapped = mapped_from(first, record_.regions);
    if (mapped == 0) {
      return fail(Errc::bad_argument, "a node of an image lies in none of its regions",
                  address_of(first));
    }
    leaves_.push_back({id, first, mapped});
    return {};
  }

  Objects& objects_;
  const ImageRecord& record_;
  std::vector<Leaf> leaves_;
};

}  // namespace

Result<std::vector<Leaf>> list_leaves(Objects& objects, const ImageRecord& record) {
  return Leaves(objects, record).list();
}

Result<void> read_leaf(Objects& objects, Leaf& leaf) {
  if (leaf.ids != nullptr) return {};
  const auto node = objects.node(leaf.id, 0);
  if (!node) return tl::unexpected(node.error());
  std::uint64_t pages = 0;
  for (unsigned i = 0; i < kEntries; ++i) {
    if (!node->entries[i].is_none()) pages |= std::uint64_t{1} << i;
  }
  if ((pages & ~leaf.pages) != 0) {
    return fail(Errc::bad_argument, "a page of an image lies in none of its regions",
                address_of(leaf.first));
  }
  auto ids = std::make_unique<ImageId[]>(static_cast<std::size_t>(std::popcount(pages)));
  std::ranges::copy_if(node->entries, ids.get(), [](const ImageId& id) { return !id.is_none(); });
  leaf.ids = std::move(ids);
  leaf.pages = pages;
  return {};
}

std::uint64_t count_pages(const std::vector<Leaf>& leaves) {
  std::uint64_t count = 0;
  for (const Leaf& leaf : leaves) count += static_cast<std::uint64_t>(std::popcount(leaf.pages));
  return count;
}

}  // namespace cleave::detail::image
