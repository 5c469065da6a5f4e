#include "image/state.h"

#include "base/fail.h"
#include "image/leases.h"

namespace cleave::detail::image {

RepositoryState::RepositoryState(std::unique_ptr<ImageStore> its_store)
    : store(std::move(its_store)), objects(*store, catalog, [this]() -> Result<void> {
        auto seen = look_at_all();
        if (!seen) return tl::unexpected(seen.error());
        return {};
      }) {}

Result<SeenRoot> RepositoryState::look() {
  const auto cell = store->cell("root");
  if (!cell) return tl::unexpected(cell.error());
  if (cell->generation == 0) {
    return fail(Errc::not_mapped,
                "there is no repository of images: `cleave image init` makes one");
  }
  auto root = decode_root(cell->bytes);
  if (!root) {
    return fail(Errc::io,
                "the root of a repository of images is damaged, or of a later version; an older "
                "generation lies beside it in cells/root");
  }
  return SeenRoot{std::move(*root), cell->generation};
}

Result<SeenRoot> RepositoryState::look_at_all() {
  auto seen = look();
  if (!seen) return seen;
  if (auto done = catalog.refresh(*store, seen->root); !done) return tl::unexpected(done.error());
  return seen;
}

Result<bool> RepositoryState::swap(const SeenRoot& seen, const Root& desired) {
  return store->swap("root", seen.generation, encode(desired));
}

Result<bool> RepositoryState::swap_for_now(const SeenRoot& seen, const Root& desired) {
  return store->swap_for_now("root", seen.generation, encode(desired));
}

Result<ImageId> RepositoryState::resolve(std::string_view text) {
  const auto seen = look_at_all();
  if (!seen) return tl::unexpected(seen.error());
  if (const auto id = ImageId::parse(text)) return *id;
  const auto found = seen->root.refs.find(text);
  if (found != seen->root.refs.end()) return found->second.commit;
  return fail(Errc::not_mapped, "the repository has no such ref");
}

// Where an answer was lost, the ref may be gone: another swap says so, which changes nothing then,
// and which makes that last as the first one would have. What was pushed to the ref since stays,
// and nobody knows whether it was gone in between: then the error is the answer.
Result<void> RepositoryState::forget(std::string_view ref) {
  std::optional<Error> lost;
  PushId was_there{};
  for (;;) {
    const auto seen = look();
    if (!seen) return tl::unexpected(seen.error());
    Root desired = seen->root;
    const auto found = desired.refs.find(ref);
    const bool is_there = found != desired.refs.end();
    if (!is_there && !lost) return fail(Errc::not_mapped, "the repository has no such ref");
    if (is_there && lost && found->second.push != was_there) return tl::unexpected(*lost);
    if (is_there) {
      was_there = found->second.push;
      desired.refs.erase(found);
    }
    const auto swapped = is_lease(ref) ? swap_for_now(*seen, desired) : swap(*seen, desired);
    if (swapped && *swapped) return {};
    if (swapped) continue;
    if (lost) return tl::unexpected(swapped.error());
    lost = swapped.error();
  }
}

Result<std::vector<ImageId>> RepositoryState::line_of(const ImageId& commit) {
  std::vector<ImageId> line{commit};
  IdSet met{commit};
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto record = objects.commit(line[i]);
    if (!record) return tl::unexpected(record.error());
    for (const ImageId& parent : record->parents) {
      if (met.insert(parent).second) line.push_back(parent);
    }
  }
  return line;
}

Result<void> RepositoryState::mark_tree(const ImageId& id, unsigned level, IdSet& marked) {
  const auto node = objects.node(id, level);
  if (!node) return tl::unexpected(node.error());
  for (const ImageId& entry : node->entries) {
    if (entry.is_none() || !marked.insert(entry).second) continue;
    if (level == 0) continue;
    if (auto done = mark_tree(entry, level - 1, marked); !done) return done;
  }
  return {};
}

// Who is in `marked` has been marked with all below it.
Result<void> RepositoryState::mark(const ImageId& commit, IdSet& marked) {
  const auto line = line_of(commit);
  if (!line) return tl::unexpected(line.error());
  for (const ImageId& each : *line) {
    if (!marked.insert(each).second) continue;
    const auto record = objects.commit(each);
    if (!record) return tl::unexpected(record.error());
    if (record->height == 0 || !marked.insert(record->root).second) continue;
    if (auto done = mark_tree(record->root, record->height - 1, marked); !done) return done;
  }
  return {};
}

}  // namespace cleave::detail::image
