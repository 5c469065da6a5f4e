// Pushing what was checked out lazily: what the next push goes on from.
#include <bit>

#include <cleave/image/lazy.h>

#include "image/lazy/source.h"

namespace cleave {
namespace {

using detail::image::guarded;
using detail::image::kEntries;
using detail::image::LazySource;
using detail::image::PushedState;
using detail::image::RepositoryState;
using detail::image::Restored;
using detail::image::Tree;

// Leaf by leaf: threads that wait for a page come first.
Result<Tree> tree_of(LazySource& source, Restored& restored) {
  Tree tree;
  for (std::uint32_t leaf = 0; leaf < restored.leaves(); ++leaf) {
    source.let_others();
    auto done = source.with_repository([&](RepositoryState& repository) -> Result<void> {
      const auto pages = restored.pages(repository.objects, leaf);
      if (!pages) return tl::unexpected(pages.error());
      for (std::uint64_t bits = *pages; bits != 0; bits &= bits - 1) {
        const auto number = leaf * kEntries + static_cast<std::uint32_t>(std::countr_zero(bits));
        const auto id = restored.id(repository.objects, number);
        if (!id) return tl::unexpected(id.error());
        tree.set(restored.page(number), *id);
      }
      return {};
    });
    if (!done) return tl::unexpected(done.error());
  }
  (void)tree.seal();
  return tree;
}

}  // namespace

// What the space held at first, whatever it has become: a push that goes on from what was written
// since would take it for what the commit holds.
Result<PushedImage> LazyCheckout::pushed() {
  return guarded([&]() -> Result<PushedImage> {
    auto tree = tree_of(*source_, *restored_);
    if (!tree) return tl::unexpected(tree.error());
    auto state = std::make_shared<PushedState>(*start_, std::move(*tree));
    state->id = restored_->commit;
    state->modules = restored_->record.modules;
    return RepositoryState::as_pushed(std::move(state));
  });
}

}  // namespace cleave
