// The pages of an arena that are written in nearly every epoch.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <cleave/error.h>

#include "arena/memory/page_set.h"
#include "sync/allocator.h"

namespace cleave::detail {

/// An epoch goes from one commit or checkout to the next. A page that changed in each of the last
/// three becomes hot; one that changed in none of them is hot no more. So a page that misses an
/// epoch now and then stays what it is, and what is written once or by chance does not become hot.
///
/// A hot page is left open: no fault tells of its writes, and it is compared when it matters.
/// docs/decisions/0019-hot-pages.md has the costs that this weighs. Wants no lock of its own.
class HotPages {
 public:
  /// None yet, of an arena of that many pages. Error: no_memory. 128 KiB for each GiB, and 64 KiB
  /// at most.
  static Result<HotPages> create(std::uint64_t pages);

  [[nodiscard]] const PageSet& pages() const { return hot_; }
  /// How many of those pages are not hot.
  [[nodiscard]] std::uint64_t count_others(const PageSet& pages) const noexcept;

  /// Whether the page, which holds `now`, differs from `then`. Looks first where it differed last:
  /// a page that changes mostly changes in the same place, and what it held is seldom in the cache.
  [[nodiscard]] bool differs(std::uint64_t page, const std::byte* now,
                             const std::byte* then) noexcept;
  /// Where in the page that is, in bytes.
  [[nodiscard]] std::size_t looked_at_first(std::uint64_t page) const noexcept {
    return lines_[page % lines_.size()] * kLine;
  }

  /// What a tracker wants of the pages that it leaves open.
  struct Limits {
    std::uint64_t most;       ///< pages; 0: none
    std::uint64_t least_run;  ///< neighbours, for it to pay
    /// The same while epochs change little else than what those before them changed; 0: no other.
    std::uint64_t least_run_in_routine = 0;
  };
  /// An epoch has ended that changed those pages. Those that are hot no more come into `cooled`.
  /// Cost: by the pages changed lately, and the hot ones.
  void epoch_ended(const PageSet& changed, Limits limits, PageSet& cooled) noexcept;

 private:
  static constexpr std::size_t kEpochs = 3;
  static constexpr std::size_t kLine = 64;
  static constexpr std::uint64_t kMostLines = 1 << 16;

  HotPages(PageSet&& hot, std::array<PageSet, kEpochs>&& recent, sync::Vector<std::uint8_t>&& lines)
      : hot_(std::move(hot)), recent_(std::move(recent)), lines_(std::move(lines)) {}
  void remember(const PageSet& changed) noexcept;
  [[nodiscard]] std::uint64_t least_run(Limits limits) const noexcept;
  void warm(std::uint64_t most, std::uint64_t least_run) noexcept;
  void cool(std::uint64_t least_run, PageSet& cooled) noexcept;
  [[nodiscard]] bool may_be_hot(std::uint64_t page) const noexcept;
  [[nodiscard]] std::size_t recent_epochs_with(std::uint64_t page) const noexcept;

  PageSet hot_;
  /// What the last epochs changed, each with that of kEpochs ago overwritten.
  std::array<PageSet, kEpochs> recent_;
  std::size_t last_ = 0;  // of them
  /// In which line of 64 bytes a page differed last. Pages that lie far apart share one.
  sync::Vector<std::uint8_t> lines_;
};

}  // namespace cleave::detail
