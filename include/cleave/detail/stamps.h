// Stamps say whether a translation that a thread remembers still holds.
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include <cleave/detail/atomic.h>

namespace cleave::detail {

/// One set a space. Changed only under the space's lock; read by accessors without it.
///
/// Two kinds, because two things can happen to a page. A fork takes away the right to write but
/// leaves what is read where it is; a copy moves what is read, but only from a frame that no thread
/// could write to.
///
/// They start above zero: zeroes are what a child of fork(2) finds, and no translation has them.
struct Stamps {
  static constexpr std::uint64_t kFirst = 2;

  /// Even: write translations with this stamp hold. Odd: a revocation is under way, take the lock.
  /// Written with seq_cst (revoke) and release (resume); read with seq_cst inside a section, after
  /// the store that entered it. Pairs with Section's state; see detail/section.h.
  sync::atomic<std::uint64_t> write{kFirst};

  /// Read translations, by page, hold while their stamp is unchanged. Odd: a page of this stamp may
  /// be getting another frame just now; look, but do not remember. Whoever copies a page makes its
  /// stamp odd *before* the new entry is published and even again after: a thread that writes to
  /// the new frame, or hears of such a write, finds no translation of the old one good any more. A
  /// revocation of all accessors changes all of them (after `write` went odd: a thread that reads
  /// a new stamp here finds `write` odd). Stored with release, read with acquire.
  static constexpr std::size_t kReadStamps = 16;
  std::array<sync::atomic<std::uint64_t>, kReadStamps> read{all_first(kIndices)};

  /// `page` is the number of a PageNo.
  [[nodiscard]] sync::atomic<std::uint64_t>& read_for(std::uint64_t page) {
    return read[page % kReadStamps];
  }

 private:
  static constexpr std::make_index_sequence<kReadStamps> kIndices{};
  template <std::size_t... i>
  static constexpr std::array<sync::atomic<std::uint64_t>, kReadStamps> all_first(
      std::index_sequence<i...> /*which*/) {
    return {{((void)i, sync::atomic<std::uint64_t>(kFirst))...}};
  }
};

}  // namespace cleave::detail
