#include <algorithm>
#include <bit>
#include <vector>

#include <cleave/image/lazy.h>

#include "base/fail.h"
#include "image/lazy/ahead.h"
#include "image/lazy/backing.h"
#include "image/lazy/source.h"
#include "image/lazy/touched.h"

namespace cleave {
namespace {

using detail::fail;
using detail::image::guarded;
using detail::image::kEntries;
using detail::image::LazyPlace;
using detail::image::LazySource;
using detail::image::RepositoryState;
using detail::image::Restored;

/// Pages that are adopted in one step: the space's lock is held so long.
constexpr std::size_t kStep = 8192;

// Pages of a commit that no space has yet: at the end, nothing needs them.
class Unadopted {
 public:
  explicit Unadopted(const LazySource::Added& added)
      : added_(added), left_(added.restored->given()) {
    places_.reserve(kStep);
  }
  ~Unadopted() { added_.restored->drop(left_); }
  Unadopted(const Unadopted&) = delete;
  Unadopted& operator=(const Unadopted&) = delete;

  Result<void> adopt_all(Space& space) {
    const Restored& restored = *added_.restored;
    for (std::uint32_t leaf = 0; leaf < restored.leaves(); ++leaf) {
      const std::uint32_t number = leaf * kEntries;
      for (std::uint64_t bits = restored.given(leaf); bits != 0; bits &= bits - 1) {
        auto done = add(space, number + static_cast<std::uint32_t>(std::countr_zero(bits)));
        if (!done) return done;
      }
    }
    return adopt(space);
  }

 private:
  Result<void> add(Space& space, std::uint32_t number) {
    const PageNo page = added_.restored->page(number);
    if (page != first_ + places_.size() || places_.size() == kStep) {
      if (auto done = adopt(space); !done) return done;
      first_ = page;
    }
    places_.push_back(LazyPlace{added_.number, number}.place());
    return {};
  }
  // Those that were added, one after the other.
  Result<void> adopt(Space& space) {
    if (places_.empty()) return {};
    if (auto done = space.adopt(address_of(first_), places_); !done) return done;
    left_ -= places_.size();
    places_.clear();
    return {};
  }

  const LazySource::Added& added_;
  std::uint64_t left_;
  PageNo first_{0};
  std::vector<Backing::Place> places_;
};

Result<void> map_regions(Space& space, const std::vector<Region>& regions) {
  for (const Region& region : regions) {
    const ByteCount size{region.pages.pages() * kPageSize};
    auto mapped = space.map_at(address_of(region.pages.first), size, region.protection);
    if (!mapped) return mapped;
  }
  return {};
}

// Looked at once where all checkouts of the commit have it from, which fetches it if it is not
// there: a space may have written a page of its own, and others still need the commit's.
Result<bool> touch(const Snapshot& start, PageNo page) {
  const auto view = start.view(page);
  if (!view) return tl::unexpected(view.error());
  return true;
}

}  // namespace

LazyCheckout::LazyCheckout(Space space, std::shared_ptr<const Pool> pool,
                           std::shared_ptr<LazySource> source, std::shared_ptr<Restored> restored,
                           std::shared_ptr<const Snapshot> start)
    : space_(std::move(space)),
      pool_(std::move(pool)),
      source_(std::move(source)),
      restored_(std::move(restored)),
      start_(std::move(start)) {}
LazyCheckout::LazyCheckout(LazyCheckout&&) noexcept = default;
LazyCheckout& LazyCheckout::operator=(LazyCheckout&& other) noexcept {
  const LazyCheckout old(std::move(*this));
  space_ = std::move(other.space_);
  pool_ = std::move(other.pool_);
  source_ = std::move(other.source_);
  restored_ = std::move(other.restored_);
  start_ = std::move(other.start_);
  return *this;
}

LazyCheckout::~LazyCheckout() {
  if (source_ == nullptr) return;
  start_.reset();
  { const Space gone(std::move(space_)); }
  source_->sweep();
}

const ImageId& LazyCheckout::commit() const { return restored_->commit; }
const ImageRecord& LazyCheckout::record() const { return restored_->record; }

bool LazyCheckout::has_free_memory() const {
  const PoolStatistics now = pool_->statistics();
  return now.used < now.budget;
}

LazyProgress LazyCheckout::progress() const { return restored_->progress(); }

Result<std::uint64_t> LazyCheckout::recall() {
  return detail::image::recall(
      *source_, *restored_, detail::image::Fetched::left,
      [this](PageNo page) { return touch(*start_, page); }, [this] { return has_free_memory(); });
}

Result<std::uint64_t> LazyCheckout::remember() {
  return source_->with_repository([&](RepositoryState& repository) {
    return detail::image::record_touched(repository, *restored_);
  });
}

Result<std::uint64_t> LazyCheckout::complete(const std::stop_token& stop,
                                             const std::function<void(const LazyProgress&)>& told) {
  return detail::image::complete(
      *source_, *restored_, detail::image::Fetched::left,
      [this](PageNo page) { return touch(*start_, page); },
      [&] { return !stop.stop_requested() && has_free_memory(); }, told);
}

Result<LazyImages> LazyImages::open(std::unique_ptr<ImageStore> store, LazyOptions options) {
  return guarded([&]() -> Result<LazyImages> {
    if (options.pages == 0 || options.pages >> 32 != 0) {
      return fail(Errc::bad_argument, "LazyOptions::pages is 1 to 2^32 - 1");
    }
    auto source = std::make_shared<LazySource>(std::move(store), options.pages, options.lease);
    const auto seen =
        source->with_repository([](RepositoryState& state) { return state.look_at_all(); });
    if (!seen) return tl::unexpected(seen.error());
    auto pool = Pool::create(options.memory, std::make_unique<detail::image::LazyBacking>(
                                                 source, std::move(options.next)));
    if (!pool) return tl::unexpected(pool.error());
    return LazyImages(std::move(source), std::make_shared<const Pool>(std::move(*pool)));
  });
}

Result<ImageId> LazyImages::resolve(std::string_view text) {
  return source_->with_repository(
      [&](RepositoryState& state) -> Result<ImageId> { return state.resolve(text); });
}

Result<LazyCheckout> LazyImages::checkout(const ImageId& commit) {
  if (const auto restored = source_->find_started(commit)) {
    if (auto start = restored->start.lock()) {
      auto space = start->fork();
      if (!space) {
        start.reset();  // which may keep the commit's last pages by now
        source_->sweep();
        return tl::unexpected(space.error());
      }
      return LazyCheckout(std::move(*space), pool_, source_, restored, std::move(start));
    }
  }
  auto added = source_->add(commit);
  if (!added) return tl::unexpected(added.error());
  auto made = guarded([&]() -> Result<LazyCheckout> {
    Unadopted pages(*added);
    auto space = Space::create(*pool_);
    if (!space) return tl::unexpected(space.error());
    if (auto done = map_regions(*space, added->restored->record.regions); !done) {
      return tl::unexpected(done.error());
    }
    if (auto done = pages.adopt_all(*space); !done) return tl::unexpected(done.error());
    auto held = space->snapshot();
    if (!held) return tl::unexpected(held.error());
    auto start = std::make_shared<const Snapshot>(std::move(*held));
    added->restored->start = start;
    return LazyCheckout(std::move(*space), pool_, source_, added->restored, std::move(start));
  });
  if (!made) source_->sweep();
  return made;
}

}  // namespace cleave
