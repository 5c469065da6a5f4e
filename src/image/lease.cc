// A reader's lease on a commit.
//
// Whatever a ref leads to is there, in packs that the root does not condemn: that holds for each
// generation of the root, and is what pushes and collectors see to (lab/repository, whose reader
// leases by this alone). So of a commit that a ref names nothing has to be looked for before it is
// leased, and its leaves can be read later. Of any other, all that it leads to is looked for, as a
// push would.
#include <algorithm>

#include "base/fail.h"
#include "image/state.h"

namespace cleave::detail::image {
namespace {

bool is_named(const Root& root, const ImageId& commit) {
  return std::ranges::any_of(root.refs,
                             [&](const auto& ref) { return ref.second.commit == commit; });
}

// Until they are read, all pages of a region count as some, which takes room for each. Where much
// of it would be for nothing, they are read at once.
bool may_wait(const std::vector<Leaf>& leaves, const ImageRecord& record, std::uint64_t most) {
  const std::uint64_t possible = count_pages(leaves);
  return possible <= most && possible - possible / 5 <= record.pages;
}

Result<void> read_all(Objects& objects, std::vector<Leaf>& leaves) {
  for (Leaf& leaf : leaves) {
    if (auto done = read_leaf(objects, leaf); !done) return done;
  }
  return {};
}

Result<void> look_for_pages(const Catalog& catalog, const std::vector<Leaf>& leaves) {
  for (const Leaf& leaf : leaves) {
    for (unsigned i = 0; i < kEntries; ++i) {
      if (!leaf.has(i) || catalog.has(leaf.name_of(i))) continue;
      return fail(Errc::io, "a page of an image is in no pack: `cleave image verify` says which",
                  address_of(leaf.first + i));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<Leaf>> RepositoryState::leaves_to_lease(const Root& root, const ImageId& commit,
                                                           const ImageRecord& record,
                                                           std::uint64_t most_pages) {
  auto leaves = list_leaves(objects, record);
  if (!leaves || (is_named(root, commit) && may_wait(*leaves, record, most_pages))) return leaves;
  if (auto done = read_all(objects, *leaves); !done) return tl::unexpected(done.error());
  if (count_pages(*leaves) != record.pages) {
    return fail(Errc::bad_argument, "an image has not as many pages as it says");
  }
  if (auto done = look_for_pages(catalog, *leaves); !done) return tl::unexpected(done.error());
  return leaves;
}

// As a push that puts nothing (lab/repository).
Result<Leased> RepositoryState::lease(const ImageId& commit, const std::string& ref,
                                      std::uint64_t most_pages) {
  const PushId mine = random_bytes();
  for (int tries = 0; tries < kMostTries; ++tries) {
    const auto seen = look_at_all();
    if (!seen) return tl::unexpected(seen.error());
    auto record = objects.commit(commit);
    if (!record) return tl::unexpected(record.error());
    if (record->pages > most_pages) {
      return fail(Errc::no_memory,
                  "more pages of images than LazyOptions::pages; end spaces that hold some");
    }
    auto leaves = leaves_to_lease(seen->root, commit, *record, most_pages);
    if (!leaves) return tl::unexpected(leaves.error());
    Leased leased{std::move(*record), std::move(*leaves)};
    if (ref.empty()) return leased;
    Root desired = seen->root;
    desired.refs[ref] = {commit, 1, mine};
    const auto swapped = swap_for_now(*seen, desired);
    if (swapped ? *swapped : confirm(ref, mine)) return leased;
    if (!swapped) return tl::unexpected(swapped.error());
  }
  return fail(Errc::io, "64 times a push or a collector came first; try again");
}

}  // namespace cleave::detail::image
