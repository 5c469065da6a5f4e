#include "image/lazy/ahead.h"

#include <algorithm>
#include <bit>
#include <span>

#include "image/lazy/touched.h"
#include "image/listing.h"

namespace cleave::detail::image {
namespace {

/// Pages that the store is told of before they are read, at least: 4 MiB, so that it is ahead of
/// whoever unpacks them.
constexpr std::size_t kAnnounced = 1024;

// Pages that are wanted, in the order in which they lie there.
struct Wanted {
  std::vector<std::uint32_t> numbers;
  std::vector<ImageId> ids;
};

Result<Wanted> in_order(RepositoryState& repository, Restored& restored,
                        const std::vector<std::uint32_t>& numbers) {
  std::vector<PageAt> pages;
  pages.reserve(numbers.size());
  for (const std::uint32_t number : numbers) {
    const auto id = restored.id(repository.objects, number);
    if (!id) return tl::unexpected(id.error());
    pages.push_back({*id, restored.page(number)});
  }
  Wanted wanted;
  for (const std::uint32_t n : in_order_of_packs(pages, repository.catalog)) {
    wanted.numbers.push_back(numbers[n]);
    wanted.ids.push_back(pages[n].id);
  }
  return wanted;
}

Result<std::uint64_t> fetch_all(LazySource& source, Restored& restored, const Wanted& wanted,
                                Touch touch, GoOn go_on) {
  const LazySource::Ahead ahead;
  const std::span<const ImageId> all = wanted.ids;
  std::uint64_t brought = 0;
  std::size_t announced = 0;
  for (std::size_t done = 0; done < wanted.numbers.size();) {
    if (announced < all.size() && announced < done + kAnnounced) {
      const std::size_t more = std::min(all.size() - announced, 2 * kAnnounced);
      source.announce(all.subspan(announced, more));
      announced += more;
    }
    const std::size_t end = done + source.read_ahead(all.subspan(done));
    for (; done < end; ++done) {
      const std::uint32_t number = wanted.numbers[done];
      if (restored.had(number)) continue;
      if (!go_on()) return brought;
      auto here = touch(restored.page(number));
      if (!here) return tl::unexpected(here.error());
      if (!*here) continue;
      restored.note_had(number, false);  // also where it was overwritten before
      ++brought;
    }
  }
  return brought;
}

// What was never fetched. Leaves that were not read are, one at a time: threads that wait for a
// page come first.
Result<std::vector<std::uint32_t>> find_missing(LazySource& source, Restored& restored,
                                                GoOn go_on) {
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t leaf = 0; leaf < restored.leaves() && go_on(); ++leaf) {
    source.let_others();
    const auto pages = source.with_repository(
        [&](RepositoryState& repository) { return restored.pages(repository.objects, leaf); });
    if (!pages) return tl::unexpected(pages.error());
    for (std::uint64_t bits = *pages; bits != 0; bits &= bits - 1) {
      const auto bit = static_cast<std::uint32_t>(std::countr_zero(bits));
      if (!restored.had(leaf * kEntries + bit)) numbers.push_back(leaf * kEntries + bit);
    }
  }
  return numbers;
}

}  // namespace

Result<std::uint64_t> recall(LazySource& source, Restored& restored, Touch touch, GoOn go_on) {
  const auto wanted = source.with_repository([&](RepositoryState& repository) -> Result<Wanted> {
    const auto numbers = recorded(repository, restored);
    if (!numbers) return tl::unexpected(numbers.error());
    return in_order(repository, restored, *numbers);
  });
  if (!wanted) return tl::unexpected(wanted.error());
  for (const std::uint32_t number : wanted->numbers) restored.note_touched(number);
  return guarded([&] { return fetch_all(source, restored, *wanted, touch, go_on); });
}

Result<std::uint64_t> complete(LazySource& source, Restored& restored, Touch touch, GoOn go_on,
                               const std::function<void(const LazyProgress&)>& told) {
  return guarded([&]() -> Result<std::uint64_t> {
    if (told) told(restored.progress());
    const auto missing = find_missing(source, restored, go_on);
    if (!missing) return tl::unexpected(missing.error());
    const auto wanted = source.with_repository(
        [&](RepositoryState& repository) { return in_order(repository, restored, *missing); });
    if (!wanted) return tl::unexpected(wanted.error());
    std::uint64_t asked = 0;
    return fetch_all(source, restored, *wanted, touch, [&] {
      if (told && ++asked % 1024 == 0) told(restored.progress());
      return go_on();
    });
  });
}

}  // namespace cleave::detail::image
