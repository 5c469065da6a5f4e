// The backing of a pool that is filled from a repository.
#pragma once

#include <memory>

#include <cleave/backing.h>

#include "image/lazy/source.h"

namespace cleave::detail::image {

/// Gives pages of commits, and what it is put it hands on to `next`, which may be null.
class LazyBacking final : public Backing {
 public:
  LazyBacking(std::shared_ptr<LazySource> source, std::unique_ptr<Backing> next)
      : source_(std::move(source)), next_(std::move(next)) {}

  [[nodiscard]] std::uint64_t most_pages() const noexcept override;
  Result<void> put(std::span<const std::byte* const> pages, std::span<Place> places) override;
  Result<void> get(std::span<const Place> places, std::span<std::byte* const> into) override;
  void drop(Place place) noexcept override;
  [[nodiscard]] BackingStatistics statistics() const noexcept override;

 private:
  const std::shared_ptr<LazySource> source_;
  const std::unique_ptr<Backing> next_;
};

}  // namespace cleave::detail::image
