#include "image/lazy/restored.h"

#include <algorithm>

namespace cleave::detail::image {

Restored::Restored(const ImageId& its_commit, std::string its_lease, Leased leased)
    : commit(its_commit),
      lease(std::move(its_lease)),
      record(std::move(leased.record)),
      leaves_(std::move(leased.leaves)),
      seen_(leaves_.size()),
      given_(count_pages(leaves_)),
      needed_(given_) {
  for (std::size_t i = 0; i < leaves_.size(); ++i) seen_[i].given = leaves_[i].pages;
}

std::uint32_t Restored::first_leaf_from(PageNo page) const noexcept {
  const auto found = std::ranges::lower_bound(leaves_, page, {}, &Leaf::first);
  return static_cast<std::uint32_t>(found - leaves_.begin());
}

Result<ImageId> Restored::id(Objects& objects, std::uint32_t number) {
  Leaf& leaf = leaves_[number / kEntries];
  if (auto done = read_leaf(objects, leaf); !done) return tl::unexpected(done.error());
  return leaf.name_of(number % kEntries);
}

Result<std::uint64_t> Restored::pages(Objects& objects, std::uint32_t leaf) {
  if (auto done = read_leaf(objects, leaves_[leaf]); !done) return tl::unexpected(done.error());
  return leaves_[leaf].pages;
}

}  // namespace cleave::detail::image
