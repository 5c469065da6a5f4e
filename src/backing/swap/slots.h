// Which pages of a swap file are in use.
#pragma once

#include <cstdint>
#include <span>

#include "sync/bare_mutex.h"

namespace cleave::detail::backing {

/// Consecutive slots.
struct Stretch {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

/// A bit a slot. What is taken together lies together, as far as there is room: a disk reads and
/// writes one stretch several times faster than as many single pages. Those that have never been
/// written are dearer to write than those that have, but not as dear as scattered ones: a long
/// enough stretch of used ones comes first, then the fresh ones, then the longest stretch that a
/// look around finds.
class SwapSlots {
 public:
  /// How many words the bits of so many slots take.
  static constexpr std::uint64_t words_for(std::uint64_t slots) { return (slots + 63) / 64; }

  SwapSlots() = default;
  /// `words` are zeroes, and the caller's. `fresh`: the first that was never written.
  void begin(std::span<std::uint64_t> words, std::uint64_t slots, std::uint64_t fresh) noexcept;

  /// Takes one to `most` slots; none: all are in use.
  Stretch take(std::uint64_t most) noexcept;
  void give(Stretch run) noexcept;
  [[nodiscard]] std::uint64_t used() noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept { return slots_; }

 private:
  std::uint64_t next(bool used, std::uint64_t from, std::uint64_t end) const noexcept
      CLEAVE_REQUIRES(lock_);
  Stretch look_around(std::uint64_t most) noexcept CLEAVE_REQUIRES(lock_);
  void set(Stretch run, bool used) noexcept CLEAVE_REQUIRES(lock_);

  std::uint64_t slots_ = 0;
  sync::bare_mutex lock_;
  std::span<std::uint64_t> words_ CLEAVE_GUARDED_BY(lock_);  // a bit is 1: in use
  std::uint64_t used_ CLEAVE_GUARDED_BY(lock_) = 0;
  std::uint64_t fresh_ CLEAVE_GUARDED_BY(lock_) = 0;
  std::uint64_t hand_ CLEAVE_GUARDED_BY(lock_) = 0;  // where the next look begins
};

}  // namespace cleave::detail::backing
