#include "image/listing.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/fail.h"

namespace cleave::detail::image {
namespace {

class Listing {
 public:
  Listing(Objects& objects, const ImageRecord& record) : objects_(objects), record_(record) {}

  Result<std::vector<PageAt>> all() {
    if (record_.height > 0) {
      if (auto done = below(record_.root, record_.height - 1, 0); !done) {
        return tl::unexpected(done.error());
      }
    }
    if (pages_.size() != record_.pages) {
      return fail(Errc::bad_argument, "an image has fewer pages than it says");
    }
    return std::move(pages_);
  }

 private:
  Result<void> below(const ImageId& id, unsigned level, std::uint64_t first) {
    const auto node = objects_.node(id, level);
    if (!node) return tl::unexpected(node.error());
    for (unsigned i = 0; i < kEntries; ++i) {
      const ImageId& entry = node->entries[i];
      if (entry.is_none()) continue;
      const std::uint64_t from = first + i * pages_below(level);
      auto done = level == 0 ? add(entry, PageNo{from}) : below(entry, level - 1, from);
      if (!done) return done;
    }
    return {};
  }

  Result<void> add(const ImageId& id, PageNo page) {
    if (pages_.size() == record_.pages) {
      return fail(Errc::bad_argument, "an image has more pages than it says");
    }
    const auto after = std::ranges::upper_bound(
        record_.regions, page, {}, [](const Region& region) { return region.pages.first; });
    if (after == record_.regions.begin() || page >= (after - 1)->pages.end) {
      return fail(Errc::bad_argument, "a page of an image lies in none of its regions",
                  address_of(page));
    }
    pages_.push_back({id, page});
    return {};
  }

  Objects& objects_;
  const ImageRecord& record_;
  std::vector<PageAt> pages_;
};

using Lies = std::tuple<ImageId, std::uint32_t, std::uint32_t>;

Lies lies(const Catalog& catalog, const PageAt& page) {
  const auto location = catalog.find(page.id);
  if (!location) return {};
  return {location->pack, location->entry.frame, location->entry.at};
}

}  // namespace

Result<std::vector<PageAt>> list_pages(Objects& objects, const ImageRecord& record) {
  return Listing(objects, record).all();
}

std::vector<std::uint32_t> in_order_of_packs(const std::vector<PageAt>& pages,
                                             const Catalog& catalog) {
  std::vector<Lies> where;
  where.reserve(pages.size());
  for (const PageAt& page : pages) where.push_back(lies(catalog, page));
  std::vector<std::uint32_t> order(pages.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](std::uint32_t n) -> const Lies& { return where[n]; });
  return order;
}

}  // namespace cleave::detail::image
