// One commit that is being restored lazily: its leaves, and what is known of each of their pages.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <cleave/detail/atomic.h>
#include <cleave/image/lazy.h>

#include "image/state.h"

namespace cleave::detail::image {

/// A page has a number: 64 times that of its leaf, and which of the leaf's it is.
class Restored {
 public:
  Restored(const ImageId& its_commit, std::string its_lease, Leased leased);

  const ImageId commit;
  const std::string lease;  ///< a ref; empty: none was taken
  const ImageRecord record;
  /// What its spaces hold at first, which each LazyCheckout of it keeps. Written and read by the
  /// one thread that checks out. It keeps pages of the commit, which keep the pool and this: so
  /// this does not keep it.
  std::weak_ptr<const Snapshot> start;

  [[nodiscard]] std::uint32_t leaves() const noexcept {
    return static_cast<std::uint32_t>(leaves_.size());
  }
  [[nodiscard]] bool has(std::uint32_t number) const noexcept {
    return number / kEntries < leaves();
  }
  [[nodiscard]] PageNo first_page(std::uint32_t leaf) const noexcept { return leaves_[leaf].first; }
  [[nodiscard]] PageNo page(std::uint32_t number) const noexcept {
    return first_page(number / kEntries) + number % kEntries;
  }
  /// The first leaf that begins at `page` or beyond it; leaves(): none does.
  [[nodiscard]] std::uint32_t first_leaf_from(PageNo page) const noexcept;
  /// The pages of a leaf that the space was given, as bits: of one that was not read then, also
  /// such as turn out to be zeroes.
  [[nodiscard]] std::uint64_t given(std::uint32_t leaf) const noexcept { return seen_[leaf].given; }
  /// How many these are in all.
  [[nodiscard]] std::uint64_t given() const noexcept { return given_; }

  /// The node's name, whether it was read or not.
  [[nodiscard]] const ImageId& name_of(std::uint32_t leaf) const noexcept {
    return leaves_[leaf].id;
  }

  // With the repository's turn (LazySource::with_repository). A leaf that was not read is; it is
  // tried again where it could not be. Errors: as read_leaf().

  /// The page's name; none: it is zeroes.
  Result<ImageId> id(Objects& objects, std::uint32_t number);
  /// The pages of a leaf that are not zeroes, as bits.
  Result<std::uint64_t> pages(Objects& objects, std::uint32_t leaf);

  // By any thread: each of these is a fact by itself, of which nothing follows for others
  // (relaxed), but for the end of the last page.

  /// A page that is not zeroes was fetched: for a thread of the program's, or ahead.
  void note_had(std::uint32_t number, bool touched) noexcept {
    if (touched) note_touched(number);
    if (add(seen_[number / kEntries].had, number)) had_.add(1, sync::relaxed);
  }
  void note_touched(std::uint32_t number) noexcept {
    (void)add(seen_[number / kEntries].touched, number);
  }
  [[nodiscard]] bool had(std::uint32_t number) const noexcept {
    return (seen_[number / kEntries].had.load(sync::relaxed) >> number % kEntries & 1) != 0;
  }
  /// As bits.
  [[nodiscard]] std::uint64_t touched(std::uint32_t leaf) const noexcept {
    return seen_[leaf].touched.load(sync::relaxed);
  }
  [[nodiscard]] LazyProgress progress() const noexcept {
    return {record.pages, had_.load(sync::relaxed)};
  }

  /// A page that nothing needs any more. acq_rel: who finds none needed has seen their ends.
  void drop(std::uint64_t count = 1) noexcept { needed_.sub(count, sync::acq_rel); }
  [[nodiscard]] bool is_needed() const noexcept { return needed_.load(sync::acquire) != 0; }

 private:
  struct Seen {
    std::uint64_t given = 0;
    sync::atomic<std::uint64_t> had{0};
    sync::atomic<std::uint64_t> touched{0};
  };

  // Whether it was not there before.
  static bool add(sync::atomic<std::uint64_t>& bits, std::uint32_t number) noexcept {
    const std::uint64_t bit = std::uint64_t{1} << number % kEntries;
    std::uint64_t before = bits.load(sync::relaxed);
    while (!bits.compare_exchange(before, before | bit, sync::relaxed)) {
    }
    return (before & bit) == 0;
  }

  std::vector<Leaf> leaves_;
  std::vector<Seen> seen_;
  const std::uint64_t given_;
  sync::atomic<std::uint64_t> had_{0};
  sync::atomic<std::uint64_t> needed_;
};

}  // namespace cleave::detail::image
