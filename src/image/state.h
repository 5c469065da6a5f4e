// What stands behind a Repository.
#pragma once

#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_set>

#include <cleave/image/repository.h>

#include "image/leaves/leaves.h"
#include "image/objects/objects.h"
#include "image/objects/packer.h"
#include "image/tree.h"

namespace cleave::detail::image {

using IdSet = std::unordered_set<ImageId, HashOfId>;

/// What a push leaves for the next one.
class PushedState {
 public:
  PushedState(Snapshot of, Tree its_tree) : snapshot(std::move(of)), tree(std::move(its_tree)) {}

  Snapshot snapshot;
  Tree tree;
  ImageId id;
  std::vector<ImageModule> modules;
  std::uint64_t bytes_put = 0;
  std::uint64_t pages_put = 0;
};

/// Others swap the root between a look and a swap: so often at most.
constexpr int kMostTries = 64;

/// The root as it was looked at, and its generation, without which nothing is swapped.
struct SeenRoot {
  Root root;
  std::uint64_t generation = 0;
};

/// A commit that a reader may rely on.
struct Leased {
  ImageRecord record;
  std::vector<Leaf> leaves;  ///< in order, read or not
};

class RepositoryState {
 public:
  explicit RepositoryState(std::unique_ptr<ImageStore> store);

  /// Errors: io (damaged).
  Result<SeenRoot> look();
  /// The same, and the catalog is what the store lists after that.
  Result<SeenRoot> look_at_all();
  /// False: the root is another by now.
  Result<bool> swap(const SeenRoot& seen, const Root& desired);
  /// The same of leases, which end with the power: ImageStore::swap_for_now().
  Result<bool> swap_for_now(const SeenRoot& seen, const Root& desired);

  Result<PushedImage> push(const Snapshot& snapshot, std::string_view ref,
                           const PushOptions& options);
  static PushedImage as_pushed(std::shared_ptr<const PushedState> state) {
    return PushedImage(std::move(state));
  }
  Result<void> read(const ImageRecord& record, function_ref<Result<void>(PageNo, View)> visit);
  Result<ImageId> fetch(RepositoryState& from, std::string_view ref, bool force);
  Result<void> diff(const ImageRecord& a, const ImageRecord& b, function_ref<void(PageRange)> out);
  Result<VerifiedImages> verify();
  Result<CollectedImages> collect(bool at_once);

  /// The commit that a ref names, or that `text` is the id of. Error: not_mapped.
  Result<ImageId> resolve(std::string_view text);
  /// Errors: not_mapped.
  Result<void> forget(std::string_view ref);
  /// Makes `ref` a lease on all that `commit` leads to, of which nothing is lacking then. An empty
  /// one: only looks. Its leaves are read where no ref names it, or where many of the pages that it
  /// may have are none; so there are never more of these than `most_pages`. Errors: io (something
  /// is lacking), bad_argument, no_memory (it says that it has more pages).
  Result<Leased> lease(const ImageId& commit, const std::string& ref, std::uint64_t most_pages);

  /// The commit and all before it.
  Result<std::vector<ImageId>> line_of(const ImageId& commit);
  /// Adds all that commits, their parents, trees and pages are to `marked`.
  Result<void> mark(const ImageId& commit, IdSet& marked);
  void tell(std::uint64_t done, std::uint64_t total) {
    if (told) told(done, total);
  }

  std::unique_ptr<ImageStore> store;
  Catalog catalog;
  Objects objects;
  std::function<void(std::uint64_t, std::uint64_t)> told;

 private:
  struct Draft;
  Result<std::vector<Leaf>> leaves_to_lease(const Root& root, const ImageId& commit,
                                            const ImageRecord& record, std::uint64_t most_pages);
  Result<Draft> draft(const Snapshot& snapshot, ImageRecord record, const PushedState* since,
                      Packer& packer, std::uint64_t& pages);
  Result<void> upload(const Draft& draft, Packer& packer, std::uint64_t& pages);
  [[nodiscard]] bool confirm(std::string_view ref, const PushId& mine);
  Result<void> mark_refs(Root& root, IdSet& marked);
  Result<void> mark_tree(const ImageId& node, unsigned level, IdSet& marked);
  Result<void> copy_commit(RepositoryState& from, const ImageId& commit, Packer& packer,
                           IdSet& copied);
  Result<void> copy_tree(RepositoryState& from, const ImageId& node, unsigned level, Packer& packer,
                         IdSet& copied);
  Result<std::optional<CollectedImages>> collect_once(bool at_once, IdSet& marked);
  Result<void> rewrite(const ImageId& pack, const IdSet& marked, Packer& packer);
};

/// What went out of memory inside, as an error.
template <class Call>
auto guarded(Call call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return tl::unexpected<Error>(
        Error{Errc::no_memory, "out of memory in a repository of images", Address{0}, 0});
  } catch (const std::length_error&) {
    return tl::unexpected<Error>(
        Error{Errc::no_memory, "out of memory in a repository of images", Address{0}, 0});
  }
}

}  // namespace cleave::detail::image
