// The collector: mark, make candidates, condemn, remove (lab/repository is its protocol).
#include "base/fail.h"
#include "image/leases.h"
#include "image/state.h"

namespace cleave::detail::image {
namespace {

// What a round makes of each pack.
struct PacksInUse {
  std::map<ImageId, std::uint64_t> needed;  // how many objects have their home there
};

PacksInUse packs_in_use(const IdSet& marked, const Catalog& catalog) {
  PacksInUse found;
  for (const ImageId& id : marked) {
    if (const auto location = catalog.find(id)) ++found.needed[location->pack];
  }
  return found;
}

}  // namespace

// Of a mark that is not complete nothing may follow. Taken out are leases of the dead, and what was
// touched of commits that are needed no longer.
Result<void> RepositoryState::mark_refs(Root& root, IdSet& marked) {
  std::erase_if(root.refs, [](const auto& ref) { return is_lease_of_the_dead(ref.first); });
  for (const auto& [name, ref] : root.refs) {
    if (touched_of(name)) continue;
    if (auto done = mark(ref.commit, marked); !done) return done;
  }
  for (auto ref = root.refs.begin(); ref != root.refs.end();) {
    const auto of = touched_of(ref->first);
    if (of && !marked.contains(*of)) {
      ref = root.refs.erase(ref);
      continue;
    }
    if (auto done = of ? mark(ref->second.commit, marked) : Result<void>(); !done) return done;
    ++ref;
  }
  return {};
}

Result<void> RepositoryState::rewrite(const ImageId& pack, const IdSet& marked, Packer& packer) {
  // A copy: reading looks at the store again where another collector came first, and the catalog
  // may know the pack no longer, or another index of it.
  const auto known = catalog.packs().find(pack);
  const Index index = known == catalog.packs().end() ? Index{} : known->second.index;
  for (const IndexEntry& entry : index) {
    const auto home = catalog.find(entry.id);
    if (!marked.contains(entry.id) || !home || home->pack != pack) continue;
    const auto bytes = objects.read(entry.id);
    if (!bytes) return tl::unexpected(bytes.error());
    if (auto done = packer.add(entry.id, *bytes); !done) return done;
  }
  return {};
}

// Nothing: another swap came first. `marked` stays, with what was marked before: what a ref needed
// then, and does not now, is kept for this once.
Result<std::optional<CollectedImages>> RepositoryState::collect_once(bool at_once, IdSet& marked) {
  const auto seen = look_at_all();
  if (!seen) return tl::unexpected(seen.error());
  Root desired = seen->root;
  if (auto done = mark_refs(desired, marked); !done) return tl::unexpected(done.error());
  const PacksInUse in_use = packs_in_use(marked, catalog);
  CollectedImages result;
  Packer packer(*store, catalog);
  desired.round = seen->root.round + 1;
  desired.unneeded.clear();
  std::vector<ImageId> going;
  std::map<ImageId, std::uint64_t> listed;
  for (const auto& [pack, contents] : catalog.packs()) listed[pack] = contents.index.size();
  result.packs = listed.size();
  const auto condemn = [&](const ImageId& pack) {
    desired.unneeded[pack] = {UnneededPack::State::condemned, desired.round};
    ++result.condemned;
  };
  for (const auto& [pack, objects_in_it] : listed) {
    const auto before = seen->root.unneeded.find(pack);
    const auto needed = in_use.needed.find(pack);
    if (seen->root.condemns(pack)) {
      desired.unneeded[pack] = before->second;
      going.push_back(pack);
    } else if (needed != in_use.needed.end()) {
      if (2 * needed->second >= objects_in_it) continue;
      if (auto done = rewrite(pack, marked, packer); !done) return tl::unexpected(done.error());
      condemn(pack);
      ++result.rewritten;
    } else if (at_once || before != seen->root.unneeded.end()) {
      condemn(pack);
    } else {
      desired.unneeded[pack] = {UnneededPack::State::candidate, desired.round};
      ++result.candidates;
    }
  }
  if (desired.unneeded.size() > kMostUnneeded) {
    return fail(Errc::no_memory, "more than a million packs are not needed; collect more often");
  }
  if (auto done = packer.flush(); !done) return tl::unexpected(done.error());
  const auto swapped = swap(*seen, desired);
  if (!swapped) return tl::unexpected(swapped.error());
  if (!*swapped) return std::optional<CollectedImages>();
  for (const ImageId& pack : going) {
    if (auto done = store->remove(key_of_pack(pack)); !done) return tl::unexpected(done.error());
    ++result.removed;
  }
  return std::optional(result);
}

Result<CollectedImages> RepositoryState::collect(bool at_once) {
  IdSet marked;
  for (int tries = 0; tries < kMostTries; ++tries) {
    const auto round = collect_once(at_once, marked);
    if (!round) return tl::unexpected(round.error());
    if (*round) return **round;
  }
  return fail(Errc::io, "64 times a push came first; collect again");
}

}  // namespace cleave::detail::image
