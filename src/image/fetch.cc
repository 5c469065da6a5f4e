// Fetch: copy what a ref of another repository leads to, as far as it is lacking here.
#include "base/fail.h"
#include "image/leases.h"
#include "image/state.h"

namespace cleave::detail::image {
namespace {

bool contains(const std::vector<ImageId>& line, const ImageId& id) {
  return std::ranges::find(line, id) != line.end();
}

}  // namespace

// Below what was copied before, all has been copied; what only lies here may be lacking something
// below, as garbage may.
Result<void> RepositoryState::copy_tree(RepositoryState& from, const ImageId& id, unsigned level,
                                        Packer& packer, IdSet& copied) {
  if (!copied.insert(id).second) return {};
  const auto node = from.objects.node(id, level);
  if (!node) return tl::unexpected(node.error());
  for (const ImageId& entry : node->entries) {
    if (entry.is_none()) continue;
    if (level > 0) {
      if (auto done = copy_tree(from, entry, level - 1, packer, copied); !done) return done;
      continue;
    }
    if (packer.has(entry)) continue;
    const auto page = from.objects.read(entry);
    if (!page) return tl::unexpected(page.error());
    if (auto done = packer.add(entry, *page); !done) return done;
  }
  if (packer.has(id)) return {};
  return packer.add(id, encode(*node));
}

Result<void> RepositoryState::copy_commit(RepositoryState& from, const ImageId& commit,
                                          Packer& packer, IdSet& copied) {
  const auto record = from.objects.commit(commit);
  if (!record) return tl::unexpected(record.error());
  if (record->height > 0) {
    auto done = copy_tree(from, record->root, record->height - 1, packer, copied);
    if (!done) return done;
  }
  if (packer.has(commit)) return {};
  return packer.add(commit, encode(*record));
}

Result<ImageId> RepositoryState::fetch(RepositoryState& from, std::string_view ref, bool force) {
  if (is_lease(ref)) {
    return fail(Errc::bad_argument, "refs under readers/ are leases of this one repository");
  }
  const auto theirs = from.look_at_all();
  if (!theirs) return tl::unexpected(theirs.error());
  const auto found = theirs->root.refs.find(ref);
  if (found == theirs->root.refs.end()) {
    return fail(Errc::not_mapped, "the repository that is fetched from has no such ref");
  }
  const ImageId wanted = found->second.commit;
  const auto line = from.line_of(wanted);
  if (!line) return tl::unexpected(line.error());
  const PushId mine = random_bytes();
  for (int tries = 0; tries < kMostTries; ++tries) {
    const auto seen = look_at_all();
    if (!seen) return tl::unexpected(seen.error());
    Root desired = seen->root;
    RefRecord& mark = desired.refs[std::string(ref)];
    if (mark.commit == wanted) return wanted;
    if (!force && !mark.commit.is_none() && !contains(*line, mark.commit)) {
      return fail(
          Errc::not_permitted,
          "the ref has commits here that are not in the other repository; force lets them go");
    }
    Packer packer(*store, catalog);
    IdSet copied;
    std::uint64_t done = 0;
    for (auto commit = line->rbegin(); commit != line->rend(); ++commit) {  // parents first
      auto put = copy_commit(from, *commit, packer, copied);
      if (!put) return tl::unexpected(put.error());
      tell(++done, line->size());
    }
    if (auto put = packer.flush(); !put) return tl::unexpected(put.error());
    mark = {wanted, mark.generation + 1, mine};
    const auto swapped = swap(*seen, desired);
    if (!swapped) return tl::unexpected(swapped.error());
    if (*swapped) return wanted;
  }
  return fail(Errc::io, "64 times another push or a collector came first; try again");
}

}  // namespace cleave::detail::image
