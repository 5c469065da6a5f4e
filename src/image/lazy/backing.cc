#include "image/lazy/backing.h"

#include "base/fail.h"

namespace cleave::detail::image {

std::uint64_t LazyBacking::most_pages() const noexcept {
  return source_->most_pages() + (next_ == nullptr ? 0 : next_->most_pages());
}

Result<void> LazyBacking::put(std::span<const std::byte* const> pages, std::span<Place> places) {
  if (next_ == nullptr) {
    return fail(Errc::no_memory,
                "the pool's memory is full of pages that were written, and images are only read; "
                "give it more, or a backing for them: LazyOptions::next");
  }
  auto put = next_->put(pages, places);
  for (Place& place : places) {
    if (LazyPlace::is_free_for_others(place)) continue;
    next_->drop(place);
    place = Place::none;
    put = fail(Errc::io, "LazyOptions::next gives places of 2^62 and more");
  }
  return put;
}

// Those of images one by one: each is as likely as not in a frame that is at hand.
Result<void> LazyBacking::get(std::span<const Place> places, std::span<std::byte* const> into) {
  for (std::size_t i = 0; i < places.size();) {
    if (LazyPlace::is_one(places[i])) {
      if (auto done = source_->fetch(LazyPlace::of(places[i]), into[i]); !done) return done;
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    while (end < places.size() && !LazyPlace::is_one(places[end])) ++end;
    auto done = next_->get(places.subspan(i, end - i), into.subspan(i, end - i));
    if (!done) return done;
    i = end;
  }
  return {};
}

void LazyBacking::drop(Place place) noexcept {
  if (LazyPlace::is_one(place)) {
    source_->drop(LazyPlace::of(place));
  } else {
    next_->drop(place);
  }
}

BackingStatistics LazyBacking::statistics() const noexcept {
  return next_ == nullptr ? BackingStatistics{} : next_->statistics();
}

}  // namespace cleave::detail::image
