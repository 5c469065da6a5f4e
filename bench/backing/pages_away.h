// Pages that are put into a backing and come back, timed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include <cleave/backing.h>
#include <cleave/must.h>
#include <cleave/units.h>

#include "measure/clock.h"

namespace cleave::bench {

/// Pages of `memory`, over and over, `count` in all.
class PagesAway {
 public:
  static constexpr std::size_t kBatch = 1024;
  /// In order, as a checkout of much has them.
  static constexpr std::size_t kLongBatch = 16384;

  PagesAway(std::span<std::byte> memory, std::size_t count) : places_(count) {
    const std::size_t pages = memory.size() / kPageSize;
    for (std::size_t i = 0; i < count; ++i) {
      into_.push_back(memory.data() + i % pages * kPageSize);
      from_.push_back(into_.back());
    }
  }

  /// Bytes a second into the backing, in batches. What was there is dropped first, untimed.
  double out(Backing& backing) {
    drop(backing);
    return timed(places_.size(), [&](std::size_t at, std::size_t count) {
      must(backing.put({&from_[at], count}, {&places_[at], count}));
    });
  }
  /// Bytes a second back, in the order in which they went, to `into`.
  double in_order(Backing& backing, std::span<std::byte> into, std::size_t batch = kLongBatch) {
    return in(backing, into, places_, batch);
  }
  /// The same for some pages at random, `batch` at a time.
  double at_random(Backing& backing, std::span<std::byte> into, std::size_t some,
                   std::size_t batch) {
    std::vector<Backing::Place> wanted(some);
    for (Backing::Place& place : wanted) place = places_[random_() % places_.size()];
    return in(backing, into, wanted, batch);
  }
  void drop(Backing& backing) {
    for (Backing::Place& place : places_) {
      backing.drop(std::exchange(place, Backing::Place::none));
    }
  }

 private:
  static double in(Backing& backing, std::span<std::byte> into,
                   std::span<const Backing::Place> places, std::size_t batch) {
    std::vector<std::byte*> targets;
    for (std::size_t i = 0; i < batch; ++i) {
      targets.push_back(into.data() + i % (into.size() / kPageSize) * kPageSize);
    }
    return timed(
        places.size(),
        [&](std::size_t at, std::size_t count) {
          must(backing.get(places.subspan(at, count), std::span(targets).first(count)));
        },
        batch);
  }

  template <class Step>
  static double timed(std::size_t pages, Step step, std::size_t batch = kBatch) {
    const double nanoseconds = measure::nanoseconds_for([&] {
      for (std::size_t at = 0; at < pages; at += batch) step(at, std::min(batch, pages - at));
    });
    return static_cast<double>(pages * kPageSize) / nanoseconds * 1e9;
  }

  std::vector<const std::byte*> from_;
  std::vector<std::byte*> into_;
  std::vector<Backing::Place> places_;
  std::mt19937_64 random_{1};
};

}  // namespace cleave::bench
