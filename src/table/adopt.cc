// Pages that are away from the beginning: entries for what a backing has already.
#include <algorithm>

#include "base/fail.h"
#include "table/table.h"

namespace cleave::detail {
namespace {

// Of a page whose leaf is there and owned, as is all of the path.
Node& leaf_of(PageNo page, Path<Node>& path) {
  Node* node = path.towards(page);
  while (node->level > 0) {
    node = node_of(node->entries[entry_index(page, node->level)].load(sync::relaxed));
    path.add(*node);
  }
  return *node;
}

}  // namespace

Result<void> Table::adopt(PageRange range, std::span<const Backing::Place> places, Frames& frames) {
  // Those of `places` that lie in the node of `first`, which is the first of them.
  const auto in_node = [&](PageNo first) {
    const std::uint64_t at = first - range.first;
    const std::uint64_t here = kFanout - entry_index(first, 0);
    return places.subspan(at, std::min<std::uint64_t>(here, places.size() - at));
  };
  // All that can fail happens first.
  Path<Node> path;
  for (PageNo page = range.first; page < range.end;) {
    Retired retired;
    const auto leaf = own_leaf(page, path, frames, retired);
    retired.drop_all(frames);
    if (!leaf) return tl::unexpected(leaf.error());
    const sync::atomic<Entry>* entry = &(*leaf)->entries[entry_index(page, 0)];
    for (const Backing::Place place : in_node(page)) {
      if (place != Backing::Place::none && entry->load(sync::relaxed) != Entry::absent) {
        return fail(Errc::already_mapped, "a page there has contents already; discard them first",
                    address_of(page));
      }
      ++entry;
      ++page;
    }
  }
  const auto wanted = std::ranges::count_if(
      places, [](Backing::Place place) { return place != Backing::Place::none; });
  auto names = frames.away()->take_names(static_cast<std::uint64_t>(wanted));
  if (!names) return tl::unexpected(names.error());
  for (PageNo page = range.first; page < range.end;) {
    sync::atomic<Entry>* entry = &leaf_of(page, path).entries[entry_index(page, 0)];
    for (const Backing::Place place : in_node(page)) {
      if (place != Backing::Place::none) {
        entry->store(entry_for(frames.away()->adopt(*names, place)), sync::release);
      }
      ++entry;
      ++page;
    }
  }
  return {};
}

}  // namespace cleave::detail
