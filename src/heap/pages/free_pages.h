// Which pages of a heap are free, and where the lowest run of enough of them is.
//
// A bit a page, and over each eight words a summary: the longest run of free pages, and those at
// both ends. Over each eight summaries one more, up to one for all. So the lowest run of a length
// is found by one walk down, neighbours need no coalescing, and all of it takes 10 bytes for each
// 256 KiB: a heap of 64 MiB has its free pages in a single one. (The shape is that of Go's page
// allocator.) Free lists would have put links into many pages, and would have given the last freed
// run instead of the lowest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace cleave::detail {

/// A view of memory that holds the bits and summaries; all zeroes means that no page is free. A run
/// is two numbers: its first page and its length. Not synchronised.
class FreePages {
 public:
  FreePages() = default;
  /// `memory` holds bytes_for(pages) bytes, aligned for 8.
  FreePages(std::byte* memory, std::uint32_t pages) noexcept;

  static std::uint64_t bytes_for(std::uint32_t pages) noexcept;

  /// Takes the lowest run that fits, and says where. 0 where there is none: page 0 is never free.
  /// Cost: eight steps a level, six levels at 64 GiB.
  [[nodiscard]] std::uint32_t take(std::uint32_t pages) noexcept;
  /// The same, so that first + `base` is a multiple of `alignment` (a power of two). Cost: as
  /// take() if some run is longer by the alignment; else by the free runs there are.
  [[nodiscard]] std::uint32_t take_aligned(std::uint32_t pages, std::uint32_t alignment,
                                           std::uint64_t base) noexcept;
  /// Takes just this run, if all of it is free.
  [[nodiscard]] bool take_at(std::uint32_t first, std::uint32_t pages) noexcept;
  /// Makes the run free.
  void give(std::uint32_t first, std::uint32_t pages) noexcept;

  [[nodiscard]] bool is_free(std::uint32_t page) const noexcept;
  /// The length of the longest free run.
  [[nodiscard]] std::uint32_t longest() const noexcept;
  /// All free pages, by counting.
  [[nodiscard]] std::uint32_t count_free() const noexcept;
  /// Whether every summary says what the bits say.
  [[nodiscard]] bool adds_up() const noexcept;

 private:
  struct Summary {
    std::uint32_t prefix;   // free pages from the start
    std::uint32_t longest;  // of any run inside
    std::uint32_t suffix;   // free pages up to the end
    friend bool operator==(const Summary&, const Summary&) = default;
  };
  static constexpr std::uint32_t kWordPages = 64;
  static constexpr std::uint32_t kFanOut = 8;
  static constexpr unsigned kMostLevels = 7;

  struct Run {
    std::uint32_t first;
    std::uint32_t end;
    [[nodiscard]] std::uint32_t length() const { return end - first; }
  };

  static Summary summary_of(std::uint64_t word) noexcept;
  static std::uint32_t words_for(std::uint32_t pages) noexcept;
  /// Whether one summary of the first level is over all of them.
  static bool is_in_one(std::uint32_t first, std::uint32_t pages) noexcept;

  // Level 0 is the words, the last level has one summary.
  [[nodiscard]] Summary summary(unsigned level, std::uint32_t index) const noexcept;
  [[nodiscard]] std::uint32_t prefix(unsigned level, std::uint32_t index) const noexcept;
  [[nodiscard]] std::uint32_t suffix(unsigned level, std::uint32_t index) const noexcept;
  [[nodiscard]] Summary summarise(unsigned level, std::uint32_t index) const noexcept;
  [[nodiscard]] Run pages_of(unsigned level, std::uint32_t index) const noexcept;
  [[nodiscard]] std::uint32_t lowest(std::uint32_t pages) const noexcept;
  [[nodiscard]] std::uint32_t lowest_in_words(std::uint32_t index,
                                              std::uint32_t pages) const noexcept;
  [[nodiscard]] std::uint32_t lowest_aligned(std::uint32_t pages, std::uint32_t alignment,
                                             std::uint32_t base) const noexcept;
  [[nodiscard]] std::uint32_t end_of_run(std::uint32_t page, bool free) const noexcept;
  [[nodiscard]] std::uint32_t start_within(std::uint32_t page, unsigned level,
                                           std::uint32_t least) const noexcept;
  [[nodiscard]] std::uint32_t end_within(std::uint32_t page, unsigned level,
                                         std::uint32_t most) const noexcept;
  void set(std::uint32_t first, std::uint32_t pages, bool free) noexcept;
  void summarise_over(std::uint32_t first, std::uint32_t pages) noexcept;
  void lengthen(Run run) noexcept;
  void shorten(std::uint32_t first, std::uint32_t rest) noexcept;

  std::uint64_t* words_ = nullptr;
  std::array<Summary*, kMostLevels> levels_{};  // [0] unused
  std::array<std::uint32_t, kMostLevels> counts_{};
  unsigned top_ = 0;
  std::uint32_t pages_ = 0;
};

}  // namespace cleave::detail
