// Reading a commit: its pages in the order in which they lie in packs.
#include <algorithm>
#include <tuple>

#include "base/fail.h"
#include "image/state.h"

namespace cleave::detail::image {
namespace {

struct PageAt {
  ImageId id;
  PageNo page;
};

// All pages of a commit, which must be as many as it says, and in its regions: so that a few small
// nodes cannot stand for more memory than was asked for.
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

Result<void> RepositoryState::read(const ImageRecord& record,
                                   function_ref<Result<void>(PageNo, View)> visit) {
  auto pages = Listing(objects, record).all();
  if (!pages) return tl::unexpected(pages.error());
  std::vector<std::pair<Lies, PageAt>> order;
  order.reserve(pages->size());
  for (const PageAt& page : *pages) order.emplace_back(lies(catalog, page), page);
  std::ranges::sort(order, {}, [](const auto& each) { return each.first; });
  std::uint64_t done = 0;
  for (const auto& [where, page] : order) {
    const auto bytes = objects.read(page.id);
    if (!bytes) {
      Error error = bytes.error();
      error.where = address_of(page.page);
      return tl::unexpected(error);
    }
    if (bytes->size() != kPageSize) {
      return fail(Errc::bad_argument, "a page of an image has not 4096 bytes",
                  address_of(page.page));
    }
    if (auto visited = visit(page.page, *bytes); !visited) return visited;
    if (++done % 1024 == 0) tell(done, record.pages);
  }
  return {};
}

}  // namespace cleave::detail::image
