// Compressed memory: entries that lead to chunks, or on to the next backing.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <cleave/backing/compressed.h>

#include "backing/compressed/chunks.h"
#include "backing/compressed/entries.h"
#include "backing/reservation.h"
#include "sync/bare_mutex.h"

namespace cleave::detail::backing {

class Compressed final : public Backing {
 public:
  Compressed() = default;
  /// Errors: as compressed(). Nothing else may be called before, or after a failure.
  Result<void> open(CompressedOptions options);

  [[nodiscard]] std::uint64_t most_pages() const noexcept override { return most_pages_; }
  Result<void> put(std::span<const std::byte* const> pages, std::span<Place> places) override;
  Result<void> get(std::span<const Place> places, std::span<std::byte* const> into) override;
  void drop(Place place) noexcept override;
  [[nodiscard]] BackingStatistics statistics() const noexcept override;

 private:
  class Putting;
  using Kind = Entries::Kind;

  /// Pages that go to `next` in one call of it, and that come from it in one.
  static constexpr std::size_t kBatch = 32;

  static constexpr Place place_of(std::uint32_t entry) { return Place{std::uint64_t{entry} + 1}; }
  /// Beyond all entries, of `none`.
  static constexpr std::uint32_t entry_of(Place place) {
    const std::uint64_t number = static_cast<std::uint64_t>(place) - 1;
    return number < Entries::kNone ? static_cast<std::uint32_t>(number) : Entries::kNone;
  }

  Result<Entries::Entry> get_here(Place place, std::byte* into);
  [[nodiscard]] std::uint64_t taken() const noexcept CLEAVE_REQUIRES(lock_) {
    return fixed_bytes_ + entries_.bytes() + chunks_.taken();
  }

  std::unique_ptr<Backing> next_;
  std::uint64_t bytes_ = 0;
  std::uint64_t most_pages_ = 0;
  std::uint64_t fixed_bytes_ = 0;
  Reservation memory_;

  /// Held by put() from beginning to end, and before lock_. put() alone takes entries and moves
  /// chunks.
  sync::bare_mutex putting_;
  // Its memory: a page as it was read, what that is compressed to, and pages on their way to next_.
  std::byte* page_ CLEAVE_GUARDED_BY(putting_) = nullptr;
  std::span<std::byte> packed_ CLEAVE_GUARDED_BY(putting_);
  std::byte* packing_ CLEAVE_GUARDED_BY(putting_) = nullptr;
  std::byte* leaving_ CLEAVE_GUARDED_BY(putting_) = nullptr;

  /// No call is made, and no page compressed, with it held.
  mutable sync::bare_mutex lock_;
  Chunks chunks_ CLEAVE_GUARDED_BY(lock_);
  Entries entries_ CLEAVE_GUARDED_BY(lock_);
};

}  // namespace cleave::detail::backing
