// A swap file: slots of a page, written and read in blocks.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <cleave/backing/swap_file.h>
#include <cleave/detail/atomic.h>

#include "backing/reservation.h"
#include "backing/swap/anonymous_file.h"
#include "backing/swap/block.h"
#include "backing/swap/slots.h"
#include "sync/bare_mutex.h"

namespace cleave::detail::backing {

class SwapFile final : public Backing {
 public:
  SwapFile() = default;
  ~SwapFile() override;
  /// Errors: as swap_file(). Nothing else may be called before, or after a failure.
  Result<void> open(const SwapFileOptions& options);

  [[nodiscard]] std::uint64_t most_pages() const noexcept override { return slots_.count(); }
  Result<void> put(std::span<const std::byte* const> pages, std::span<Place> places) override;
  Result<void> get(std::span<const Place> places, std::span<std::byte* const> into) override;
  void drop(Place place) noexcept override;
  [[nodiscard]] BackingStatistics statistics() const noexcept override;

 private:
  struct Putting;
  struct Getting;

  /// Threads that read scattered pages at one time, each with several requests; more wait.
  static constexpr std::size_t kReaders = 4;
  /// Pages of a get() that are looked at together.
  static constexpr std::uint64_t kWindow = 1024;

  static constexpr Place place_of(std::uint64_t slot) { return Place{slot + 1}; }
  /// Beyond all slots, of `none`.
  static constexpr std::uint64_t slot_of(Place place) {
    return static_cast<std::uint64_t>(place) - 1;
  }

  Result<void> reserve(const SwapFileOptions& options);
  Result<void> write_once() CLEAVE_REQUIRES(putting_);
  Traffic& take_reader() noexcept;
  void give_reader(Traffic& reader) noexcept;

  Result<void> get_block(std::span<const Place> places, std::span<std::byte* const> into);
  Result<void> get_bounced(std::span<const Place> places, std::span<std::byte* const> into);
  Result<void> get_scattered(Traffic& reader, std::span<const Place> places,
                             std::span<std::byte* const> into);
  Result<void> verify(std::uint64_t slot, const std::byte* page) const noexcept;

  Reservation memory_;
  AnonymousFile file_;
  mutable SwapSlots slots_;
  /// Of what each slot holds. Written before its place is given out, read after that.
  std::span<std::uint64_t> checksums_;

  sync::bare_mutex putting_;
  Traffic writer_ CLEAVE_GUARDED_BY(putting_);

  std::array<Traffic, kReaders> readers_;
  sync::bare_mutex reading_;
  Traffic* idle_reader_ CLEAVE_GUARDED_BY(reading_) = nullptr;
  /// How often a reader was given back. Written under reading_, slept on by who found none idle:
  /// the sleeper read it under the lock, so it misses no change. relaxed, release.
  sync::atomic<std::uint32_t> readers_given_{0};

  /// Pages that went each way, for statistics(). Any thread. relaxed: they say nothing of others.
  sync::atomic<std::uint64_t> written_{0};
  sync::atomic<std::uint64_t> read_{0};
};

}  // namespace cleave::detail::backing
