// One commit that is being restored lazily: its pages, and what is known of each.
#pragma once

#include <string>
#include <vector>

#include <cleave/detail/atomic.h>
#include <cleave/image/lazy.h>

#include "image/state.h"

namespace cleave::detail::image {

class Restored {
 public:
  Restored(const ImageId& its_commit, std::string its_lease, Leased leased)
      : commit(its_commit),
        lease(std::move(its_lease)),
        record(std::move(leased.record)),
        pages(std::move(leased.pages)),
        seen_(pages.size()),
        needed_(pages.size()) {}

  const ImageId commit;
  const std::string lease;  ///< a ref; empty: none was taken
  const ImageRecord record;
  const std::vector<PageAt> pages;  ///< in order

  // By any thread: each of these is a fact by itself, of which nothing follows for others
  // (relaxed), but for the end of the last page.

  /// A page was fetched: for a thread of the program's, or ahead.
  void note_had(std::uint32_t number, bool touched) noexcept {
    if ((add(number, touched ? kHad | kTouched : kHad) & kHad) == 0) had_.add(1, sync::relaxed);
  }
  void note_touched(std::uint32_t number) noexcept { (void)add(number, kTouched); }
  [[nodiscard]] bool had(std::uint32_t number) const noexcept {
    return (seen_[number].load(sync::relaxed) & kHad) != 0;
  }
  [[nodiscard]] bool touched(std::uint32_t number) const noexcept {
    return (seen_[number].load(sync::relaxed) & kTouched) != 0;
  }
  [[nodiscard]] LazyProgress progress() const noexcept {
    return {pages.size(), had_.load(sync::relaxed)};
  }

  /// A page that nothing needs any more. acq_rel: who finds none needed has seen their ends.
  void drop(std::uint64_t count = 1) noexcept { needed_.sub(count, sync::acq_rel); }
  [[nodiscard]] bool is_needed() const noexcept { return needed_.load(sync::acquire) != 0; }

 private:
  static constexpr std::uint8_t kHad = 1;
  static constexpr std::uint8_t kTouched = 2;

  // What was there before.
  std::uint8_t add(std::uint32_t number, unsigned bits) noexcept {
    std::uint8_t before = seen_[number].load(sync::relaxed);
    while (!seen_[number].compare_exchange(before, static_cast<std::uint8_t>(before | bits),
                                           sync::relaxed)) {
    }
    return before;
  }

  std::vector<sync::atomic<std::uint8_t>> seen_;
  sync::atomic<std::uint64_t> had_{0};
  sync::atomic<std::uint64_t> needed_;
};

}  // namespace cleave::detail::image
