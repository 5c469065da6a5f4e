#include "heap/pages/free_pages.h"

#include <algorithm>
#include <bit>

namespace cleave::detail {
namespace {

constexpr std::uint32_t round_up(std::uint32_t n, std::uint32_t to) {
  return (n + to - 1) & ~(to - 1);
}

// `count` bits from bit `from` on.
constexpr std::uint64_t bits(std::uint32_t from, std::uint32_t count) {
  return (count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1) << from;
}

// Where that many free pages follow each other, that many more each time around.
constexpr std::uint64_t starts_of_runs(std::uint64_t word, std::uint32_t pages) {
  if (pages > 64) return 0;
  for (std::uint32_t have = 1; have < pages && word != 0;) {
    const std::uint32_t more = std::min(have, pages - have);
    word &= word >> more;
    have += more;
  }
  return word;
}

}  // namespace

std::uint32_t FreePages::words_for(std::uint32_t pages) noexcept {
  return round_up(pages, kWordPages) / kWordPages;
}

std::uint64_t FreePages::bytes_for(std::uint32_t pages) noexcept {
  std::uint32_t count = words_for(pages);
  std::uint64_t bytes = count * sizeof(std::uint64_t);
  do {
    count = (count + kFanOut - 1) / kFanOut;
    bytes += count * sizeof(Summary);
  } while (count > 1);
  return bytes;
}

FreePages::FreePages(std::byte* memory, std::uint32_t pages) noexcept
    : words_(reinterpret_cast<std::uint64_t*>(memory)), pages_(pages) {
  counts_[0] = words_for(pages);
  auto* next = reinterpret_cast<Summary*>(words_ + counts_[0]);
  do {
    ++top_;
    counts_[top_] = (counts_[top_ - 1] + kFanOut - 1) / kFanOut;
    levels_[top_] = next;
    next += counts_[top_];
  } while (counts_[top_] > 1);
}

// A run that starts to the left of a child and ends in it lies lower than any that the child holds,
// so one look from left to right decides where to go down. What is found starts a run of free
// pages: no free page lies right before it.
std::uint32_t FreePages::lowest(std::uint32_t pages) const noexcept {
  if (longest() < pages) return 0;
  std::uint32_t index = 0;
  for (unsigned level = top_; level > 1; --level) {
    const std::uint32_t child_pages = kWordPages << (3 * (level - 1));
    std::uint32_t before = 0;  // free pages right before the child
    for (index *= kFanOut;; ++index) {
      const Summary& child = levels_[level - 1][index];
      if (before + child.prefix >= pages) return index * child_pages - before;
      if (child.longest >= pages) break;
      before = child.suffix == child_pages ? before + child_pages : child.suffix;
    }
  }
  return lowest_in_words(index * kFanOut, pages);
}

// From a word on, where there is such a run.
std::uint32_t FreePages::lowest_in_words(std::uint32_t index, std::uint32_t pages) const noexcept {
  std::uint32_t before = 0;
  for (;; ++index) {
    const std::uint64_t word = words_[index];
    const std::uint32_t at = index * kWordPages;
    if (word != 0) {
      if (before + prefix(0, index) >= pages) return at - before;
      if (const std::uint64_t runs = starts_of_runs(word, pages)) {
        return at + static_cast<std::uint32_t>(std::countr_zero(runs));
      }
    }
    before = ~word == 0 ? before + kWordPages : suffix(0, index);
  }
}

std::uint32_t FreePages::end_of_run(std::uint32_t page, bool free) const noexcept {
  while (page < pages_) {
    const std::uint64_t word = words_[page / kWordPages];
    const std::uint64_t same = (free ? word : ~word) >> (page % kWordPages);
    const auto run = static_cast<std::uint32_t>(std::countr_one(same));
    page += run;
    if (page % kWordPages != 0 || run == 0) break;
  }
  return std::min(page, pages_);
}

std::uint32_t FreePages::lowest_aligned(std::uint32_t pages, std::uint32_t alignment,
                                        std::uint32_t base) const noexcept {
  const auto align = [&](std::uint32_t at) { return round_up(at + base, alignment) - base; };
  // Wherever such a long run starts, an aligned one lies in it.
  if (const std::uint32_t at = lowest(pages + alignment - 1)) return align(at);
  for (std::uint32_t at = end_of_run(0, false); at < pages_;) {
    const std::uint32_t end = end_of_run(at, true);
    const std::uint32_t aligned = align(at);
    if (aligned < end && end - aligned >= pages) return aligned;
    at = end_of_run(end, false);
  }
  return 0;
}

std::uint32_t FreePages::take(std::uint32_t pages) noexcept {
  const std::uint32_t at = lowest(pages);
  if (at == 0) return 0;
  set(at, pages, false);
  if (is_in_one(at, pages)) {
    shorten(at, at + pages);
  } else {
    summarise_over(at, pages);
  }
  return at;
}

std::uint32_t FreePages::take_aligned(std::uint32_t pages, std::uint32_t alignment,
                                      std::uint64_t base) noexcept {
  if (pages > longest() || alignment > pages_) return 0;
  const auto offset = static_cast<std::uint32_t>(base & (alignment - 1));
  const std::uint32_t at = lowest_aligned(pages, alignment, offset);
  if (at == 0) return 0;
  set(at, pages, false);
  summarise_over(at, pages);
  return at;
}

bool FreePages::take_at(std::uint32_t first, std::uint32_t pages) noexcept {
  if (first >= pages_ || pages > pages_ - first) return false;
  if (!is_free(first) || end_of_run(first, true) - first < pages) return false;
  set(first, pages, false);
  summarise_over(first, pages);
  return true;
}

void FreePages::give(std::uint32_t first, std::uint32_t pages) noexcept {
  set(first, pages, true);
  if (is_in_one(first, pages)) {
    lengthen({first, first + pages});
  } else {
    summarise_over(first, pages);
  }
}

void FreePages::set(std::uint32_t first, std::uint32_t pages, bool free) noexcept {
  const std::uint32_t low = first / kWordPages;
  const std::uint32_t high = (first + pages - 1) / kWordPages;
  for (std::uint32_t i = low; i <= high; ++i) {
    const std::uint32_t from = i == low ? first % kWordPages : 0;
    const std::uint32_t to = i == high ? (first + pages - 1) % kWordPages + 1 : kWordPages;
    const std::uint64_t these = bits(from, to - from);
    words_[i] = free ? words_[i] | these : words_[i] & ~these;
  }
}

bool FreePages::is_in_one(std::uint32_t first, std::uint32_t pages) noexcept {
  constexpr std::uint32_t kPages = kWordPages * kFanOut;
  return first / kPages == (first + pages - 1) / kPages;
}

bool FreePages::is_free(std::uint32_t page) const noexcept {
  return (words_[page / kWordPages] >> (page % kWordPages) & 1) != 0;
}

std::uint32_t FreePages::longest() const noexcept { return levels_[top_][0].longest; }

std::uint32_t FreePages::count_free() const noexcept {
  std::uint32_t free = 0;
  for (std::uint32_t i = 0; i < counts_[0]; ++i)
    free += static_cast<std::uint32_t>(std::popcount(words_[i]));
  return free;
}

}  // namespace cleave::detail
