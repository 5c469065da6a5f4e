// Arenas whose pages come from a repository when they are touched.
#include <bit>
#include <string>
#include <utility>

#include <cleave/image/lazy.h>

#include "base/fail.h"
#include "image/lazy/ahead.h"
#include "image/lazy/source.h"
#include "image/pointers.h"

namespace cleave {

using detail::image::guarded;

LazyArena::LazyArena(LazyCheckout below, Arena arena)
    : below_(std::move(below)), arena_(std::move(arena)) {}
LazyArena::LazyArena(LazyArena&&) noexcept = default;
// Its pages end before its lease is looked at.
LazyArena& LazyArena::operator=(LazyArena&& other) noexcept {
  arena_ = std::move(other.arena_);
  below_ = std::move(other.below_);
  return *this;
}
LazyArena::~LazyArena() = default;

Result<bool> LazyArena::bring(PageNo page) {
  const auto* at = reinterpret_cast<const std::byte*>(raw(address_of(page)));  // NOLINT: it is ours
  auto came = arena_.fetch(at, ByteCount{kPageSize});
  if (!came) return tl::unexpected(came.error());
  return *came != 0;
}

Result<std::uint64_t> LazyArena::recall() {
  return detail::image::recall(
      *below_.source_, *below_.restored_, detail::image::Fetched::touched,
      [this](PageNo page) { return bring(page); }, [] { return true; });
}

Result<std::uint64_t> LazyArena::complete(const std::stop_token& stop,
                                          const std::function<void(const LazyProgress&)>& told) {
  auto brought = detail::image::complete(
      *below_.source_, *below_.restored_, detail::image::Fetched::touched,
      [this](PageNo page) { return bring(page); }, [&stop] { return !stop.stop_requested(); },
      told);
  // What came into the pool for another reason than a touch here, as for a hold, or for another
  // checkout of the commit; and zeroes.
  const detail::image::LazySource::Ahead ahead;
  const detail::image::Restored& restored = *below_.restored_;
  for (std::uint32_t leaf = 0; brought && leaf < restored.leaves(); ++leaf) {
    for (std::uint64_t bits = restored.given(leaf); bits != 0; bits &= bits - 1) {
      if (stop.stop_requested() || arena_.missing() == 0) return brought;
      const auto page = static_cast<std::uint64_t>(std::countr_zero(bits));
      auto came = bring(restored.first_page(leaf) + page);
      if (!came) return tl::unexpected(came.error());
      *brought += *came ? 1 : 0;
    }
  }
  return brought;
}

Result<LazyArena> LazyImages::checkout_arena(const ImageId& commit,
                                             const LazyArenaOptions& options) {
  auto below = checkout(commit);
  if (!below) return tl::unexpected(below.error());
  return guarded([&]() -> Result<LazyArena> {
    const ImageRecord& record = below->restored_->record;
    if (auto usable = detail::image::check_arena(record); !usable) {
      return tl::unexpected(usable.error());
    }
    const auto contents = below->space().snapshot();
    if (!contents) return tl::unexpected(contents.error());
    const std::string name = "the image " + commit.hex().substr(0, 12);
    auto arena = Arena::restore(*contents, {.arena = options.arena,
                                            .name = name,
                                            .payload = std::as_bytes(std::span(record.payload)),
                                            .patience = options.patience});
    if (!arena) return tl::unexpected(arena.error());
    return LazyArena(std::move(*below), std::move(*arena));
  });
}

}  // namespace cleave
