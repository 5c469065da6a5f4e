// Who keeps a pool: its handles, what stands in it, and the pins on its pages.
//
// Handles, spaces, snapshots, holds and rings are counted in one word. A count in one word for pins
// too would travel from processor to processor with every pin, so a pin counts its pages in a place
// of its thread's, and remembers which. Each place has one reference in the word, as long as it may
// have pins:
//
//     last handle, space, ... goes          last pin of a place goes
//     word == places?       (sub)           place == closed?    (sub)
//     closes each place     (add)           then lets go of the place's reference
//     an empty one: lets go of its reference
//
// A place is closed by one addition and emptied by one subtraction, so exactly one of the two
// threads sees it closed and empty, and that thread lets go of its reference. Nothing can be pinned
// any more by then, for want of a space. (Linux's percpu_ref does the same, with RCU in place of
// the pins' own memory of where they count.)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <cleave/detail/atomic.h>

#include "base/check.h"
#include "sync/thread_number.h"

namespace cleave::detail {

class PoolReferences {
 public:
  static constexpr unsigned kTerms = 2;    // short_term and long_term are counted apart
  static constexpr unsigned kPlaces = 16;  // a half for each term

  /// One handle.
  PoolReferences() noexcept : word_(1 + kPlaces) {}

  /// One more, by a caller that is kept by another.
  void retain() noexcept { word_.add(1, sync::relaxed); }
  void retain_for_space() noexcept { word_.add(kSpace, sync::relaxed); }
  /// One less. True: it was the last of all; the caller ends the pool.
  [[nodiscard]] bool release() noexcept { return sub(1); }
  [[nodiscard]] bool release_for_space() noexcept { return sub(kSpace); }

  /// Counts pages of a new pin, whose space keeps the pool. Gives the place, for release_pins().
  [[nodiscard]] std::uint8_t retain_pins(unsigned term, std::uint64_t pages) noexcept {
    std::uint64_t number = sync::thread_number_at_hand();
    if (number > sync::kThreadNumbers) [[unlikely]]
      number = sync::thread_number();
    const auto place =
        static_cast<std::uint8_t>(std::uint64_t{term} * kPlacesOfATerm + number % kPlacesOfATerm);
    places_[place].pages.add(pages, sync::relaxed);
    return place;
  }
  /// By any thread. True: it was the last of all; the caller ends the pool.
  [[nodiscard]] bool release_pins(std::uint8_t place, std::uint64_t pages) noexcept {
    // release: who ends the pool has seen all that was done with the pages. acquire: for that
    // thread.
    const std::uint64_t before = places_[place].pages.fetch_sub(pages, sync::acq_rel);
    return before == (kClosed | pages) && sub(1);
  }

  /// Exact while nothing changes; else something near.
  [[nodiscard]] std::uint64_t spaces() const noexcept { return word_.load(sync::relaxed) >> 32; }
  [[nodiscard]] std::uint64_t pins(unsigned term) const noexcept {
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < kPlacesOfATerm; ++i)
      sum += places_[term * kPlacesOfATerm + i].pages.load(sync::relaxed) & ~kClosed;
    return sum;
  }

 private:
  static constexpr unsigned kPlacesOfATerm = kPlaces / kTerms;
  static constexpr std::uint64_t kSpace = std::uint64_t{1} << 32;
  static constexpr std::uint64_t kClosed = std::uint64_t{1} << 63;
  static constexpr std::size_t kLine = 64;

  [[nodiscard]] bool sub(std::uint64_t n) noexcept {
    // acq_rel: who ends the pool has seen all that its other holders did.
    const std::uint64_t left = word_.fetch_sub(n, sync::acq_rel) - n;
    return left == 0 || (left == kPlaces && close_places());
  }
  /// True: the last reference went with the last place.
  [[nodiscard]] bool close_places() noexcept {
    for (unsigned i = 0;; ++i) {
      // acq_rel as in release_pins(). The place's reference keeps us until it is let go.
      const bool empty = places_[i].pages.fetch_add(kClosed, sync::acq_rel) == 0;
      const bool ended = empty && word_.fetch_sub(1, sync::acq_rel) == 1;
      if (i == kPlaces - 1) return ended;
    }
  }

  /// Spaces in the upper half, all else in the lower. Raised by holders (relaxed: they have one
  /// already), lowered by any thread (acq_rel), read for statistics.
  sync::atomic<std::uint64_t> word_;
  /// Raised by the threads whose number falls on the place (relaxed: their space keeps the pool),
  /// lowered by any thread and closed once (acq_rel, each with the other).
  struct alignas(kLine) Place {
    sync::atomic<std::uint64_t> pages{0};
  };
  std::array<Place, kPlaces> places_;
};

}  // namespace cleave::detail
