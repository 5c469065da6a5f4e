#include "image/listing.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/fail.h"

namespace cleave::detail::image {
namespace {

// Nodes of this level stand for a gibibyte: whole parts of a listing.
constexpr unsigned kPartLevel = 2;

class Listing {
 public:
  using Part = function_ref<Result<void>(const std::vector<PageAt>&)>;
  Listing(Objects& objects, const ImageRecord& record, Part part)
      : objects_(objects), record_(record), part_(part) {}

  Result<void> list() {
    if (record_.height > 0) {
      if (auto done = below(record_.root, record_.height - 1, 0); !done) return done;
    }
    if (count_ == record_.pages) return end_part();
    return fail(Errc::bad_argument, "an image has fewer pages than it says");
  }

 private:
  Result<void> end_part() {
    if (pages_.empty()) return {};
    auto done = part_(pages_);
    pages_.clear();
    return done;
  }

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
    return level == kPartLevel ? end_part() : Result<void>{};
  }

  Result<void> add(const ImageId& id, PageNo page) {
    if (count_ == record_.pages) {
      return fail(Errc::bad_argument, "an image has more pages than it says");
    }
    const auto after = std::ranges::upper_bound(
        record_.regions, page, {}, [](const Region& region) { return region.pages.first; });
    if (after == record_.regions.begin() || page >= (after - 1)->pages.end) {
      return fail(Errc::bad_argument, "a page of an image lies in none of its regions",
                  address_of(page));
    }
    pages_.push_back({id, page});
    ++count_;
    return {};
  }

  Objects& objects_;
  const ImageRecord& record_;
  Part part_;
  std::vector<PageAt> pages_;  // of the part
  std::uint64_t count_ = 0;
};

using Lies = std::tuple<ImageId, std::uint32_t, std::uint32_t>;

Lies lies(const Catalog& catalog, const PageAt& page) {
  const auto location = catalog.find(page.id);
  if (!location) return {};
  return {location->pack, location->entry.frame, location->entry.at};
}

}  // namespace

Result<void> for_each_listing(Objects& objects, const ImageRecord& record,
                              function_ref<Result<void>(const std::vector<PageAt>&)> part) {
  return Listing(objects, record, part).list();
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
