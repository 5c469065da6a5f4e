#include "image/lazy/ahead.h"

#include <algorithm>
#include <iterator>
#include <span>

#include "image/lazy/touched.h"

namespace cleave::detail::image {
namespace {

using Numbers = std::vector<std::uint32_t>;

// `wanted` in the order in which they lie there.
Result<std::uint64_t> fetch_all(LazySource& source, Restored& restored, const Numbers& wanted,
                                Touch touch, GoOn go_on) {
  const LazySource::Ahead ahead;
  std::vector<ImageId> ids;
  ids.reserve(wanted.size());
  for (const std::uint32_t number : wanted) ids.push_back(restored.pages[number].id);
  std::uint64_t brought = 0;
  for (std::size_t done = 0; done < wanted.size();) {
    const std::size_t end = done + source.read_ahead(std::span(ids).subspan(done));
    for (; done < end; ++done) {
      if (restored.had(wanted[done])) continue;
      if (!go_on()) return brought;
      auto here = touch(restored.pages[wanted[done]].page);
      if (!here) return tl::unexpected(here.error());
      if (!*here) continue;
      restored.note_had(wanted[done], false);  // also where it was overwritten before
      ++brought;
    }
  }
  return brought;
}

}  // namespace

Result<std::uint64_t> recall(LazySource& source, Restored& restored, Touch touch, GoOn go_on) {
  auto wanted = source.with_repository([&](RepositoryState& repository) -> Result<Numbers> {
    const auto numbers = recorded(repository, restored);
    if (!numbers) return numbers;
    std::vector<PageAt> pages;
    for (const std::uint32_t n : *numbers) pages.push_back(restored.pages[n]);
    Numbers ordered;
    for (const std::uint32_t n : in_order_of_packs(pages, repository.catalog)) {
      ordered.push_back((*numbers)[n]);
    }
    return ordered;
  });
  if (!wanted) return tl::unexpected(wanted.error());
  return guarded([&]() -> Result<std::uint64_t> {
    for (const std::uint32_t number : *wanted) restored.note_touched(number);
    return fetch_all(source, restored, *wanted, touch, go_on);
  });
}

Result<std::uint64_t> complete(LazySource& source, Restored& restored, Touch touch, GoOn go_on,
                               const std::function<void(const LazyProgress&)>& told) {
  const auto order = source.with_repository([&](RepositoryState& repository) -> Result<Numbers> {
    return in_order_of_packs(restored.pages, repository.catalog);
  });
  if (!order) return tl::unexpected(order.error());
  return guarded([&] {
    Numbers wanted;
    std::ranges::copy_if(*order, std::back_inserter(wanted),
                         [&](std::uint32_t number) { return !restored.had(number); });
    std::uint64_t asked = 0;
    if (told) told(restored.progress());
    return fetch_all(source, restored, wanted, touch, [&] {
      if (told && ++asked % 1024 == 0) told(restored.progress());
      return go_on();
    });
  });
}

}  // namespace cleave::detail::image
