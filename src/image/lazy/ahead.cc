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

Result<std::uint64_t> fetch_all(LazySource& source, const Restored& restored, const Wanted& wanted,
                                Fetched fetched, Touch touch, GoOn go_on) {
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
      if (fetched == Fetched::left && restored.had(number)) continue;
      if (!go_on()) return brought;
      const auto came = touch(restored.page(number));
      if (!came) return tl::unexpected(came.error());
      brought += *came ? 1 : 0;
    }
  }
  return brought;
}

// Has the pool's pages be where the program looks for them, and the store's that went from there.
Result<std::uint64_t> touch_all(const Restored& restored, const std::vector<std::uint32_t>& numbers,
                                Touch touch, GoOn go_on) {
  const LazySource::Ahead ahead;
  std::uint64_t brought = 0;
  for (const std::uint32_t number : numbers) {
    if (!go_on()) break;
    const auto came = touch(restored.page(number));
    if (!came) return tl::unexpected(came.error());
    brought += *came ? 1 : 0;
  }
  return brought;
}

// Takes the pages out of `numbers` that were fetched before.
std::vector<std::uint32_t> take_fetched(const Restored& restored,
                                        std::vector<std::uint32_t>& numbers) {
  const auto fetched = std::stable_partition(
      numbers.begin(), numbers.end(), [&](std::uint32_t number) { return !restored.had(number); });
  std::vector<std::uint32_t> taken(fetched, numbers.end());
  numbers.erase(fetched, numbers.end());
  return taken;
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

Result<std::uint64_t> recall(LazySource& source, Restored& restored, Fetched fetched, Touch touch,
                             GoOn go_on) {
  std::vector<std::uint32_t> before;
  const auto wanted = source.with_repository([&](RepositoryState& repository) -> Result<Wanted> {
    auto numbers = recorded(repository, restored);
    if (!numbers) return tl::unexpected(numbers.error());
    for (const std::uint32_t number : *numbers) restored.note_touched(number);
    before = take_fetched(restored, *numbers);
    return in_order(repository, restored, *numbers);
  });
  if (!wanted) return tl::unexpected(wanted.error());
  return guarded([&]() -> Result<std::uint64_t> {
    auto brought = fetch_all(source, restored, *wanted, fetched, touch, go_on);
    if (!brought || fetched == Fetched::left) return brought;
    const auto more = touch_all(restored, before, touch, go_on);
    if (!more) return more;
    return *brought + *more;
  });
}

Result<std::uint64_t> complete(LazySource& source, Restored& restored, Fetched fetched, Touch touch,
                               GoOn go_on, const std::function<void(const LazyProgress&)>& told) {
  return guarded([&]() -> Result<std::uint64_t> {
    if (told) told(restored.progress());
    const auto missing = find_missing(source, restored, go_on);
    if (!missing) return tl::unexpected(missing.error());
    const auto wanted = source.with_repository(
        [&](RepositoryState& repository) { return in_order(repository, restored, *missing); });
    if (!wanted) return tl::unexpected(wanted.error());
    std::uint64_t asked = 0;
    return fetch_all(source, restored, *wanted, fetched, touch, [&] {
      if (told && ++asked % 1024 == 0) told(restored.progress());
      return go_on();
    });
  });
}

}  // namespace cleave::detail::image
