// A count that threads change all the time and nobody reads in a hurry.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "cleave/sync/atomic.h"
#include "cleave/sync/thread_number.h"

namespace cleave::sync {

/// Threads add and subtract in places of their own, as far as there are enough: a count in one word would go from
/// processor to processor with every change. What one thread added another may subtract, so a single place can be
/// below zero; the sum never is, if the count is not. Any thread.
class SpreadCount {
 public:
  void add(std::uint64_t n) noexcept { mine().add(n, relaxed); }
  void sub(std::uint64_t n) noexcept { mine().sub(n, relaxed); }
  /// Exact while nobody changes it; else something near.
  [[nodiscard]] std::uint64_t sum() const noexcept {
    std::uint64_t sum = 0;
    for (const Place& place : places_) sum += place.count.load(relaxed);
    return sum;
  }

 private:
  static constexpr std::size_t kPlaces = 8;
  static constexpr std::size_t kLine = 64;
  // Each is written by the threads whose number falls on it, and read for statistics; nothing hangs on the order.
  struct alignas(kLine) Place {
    atomic<std::uint64_t> count{0};
  };

  atomic<std::uint64_t>& mine() noexcept {
    unsigned number = thread_number_if_known();
    if (number > kThreadNumbers) [[unlikely]]
      number = thread_number();
    return places_[number % kPlaces].count;
  }

  std::array<Place, kPlaces> places_;
};

}  // namespace cleave::sync
