// The summaries over the bits of free pages, and how they follow what the bits say.

#include <algorithm>
#include <bit>

#include "heap/pages/free_pages.h"

namespace cleave::detail {

FreePages::Summary FreePages::summary_of(std::uint64_t word) noexcept {
  const auto prefix = static_cast<std::uint32_t>(std::countr_one(word));
  const auto suffix = static_cast<std::uint32_t>(std::countl_one(word));
  std::uint32_t longest = 0;
  while (word != 0) {
    word >>= std::countr_zero(word);
    const auto run = static_cast<std::uint32_t>(std::countr_one(word));
    longest = std::max(longest, run);
    word = run == 64 ? 0 : word >> run;
  }
  return {prefix, longest, suffix};
}

FreePages::Summary FreePages::summary(unsigned level, std::uint32_t index) const noexcept {
  return level == 0 ? summary_of(words_[index]) : levels_[level][index];
}

std::uint32_t FreePages::prefix(unsigned level, std::uint32_t index) const noexcept {
  return level == 0 ? static_cast<std::uint32_t>(std::countr_one(words_[index]))
                    : levels_[level][index].prefix;
}

std::uint32_t FreePages::suffix(unsigned level, std::uint32_t index) const noexcept {
  return level == 0 ? static_cast<std::uint32_t>(std::countl_one(words_[index]))
                    : levels_[level][index].suffix;
}

// The last one of a level may be shorter than the others.
FreePages::Run FreePages::pages_of(unsigned level, std::uint32_t index) const noexcept {
  const std::uint32_t pages = kWordPages << (3 * level);
  return {index * pages, std::min((index + 1) * pages, counts_[0] * kWordPages)};
}

FreePages::Summary FreePages::summarise(unsigned level, std::uint32_t index) const noexcept {
  const std::uint32_t first = index * kFanOut;
  const std::uint32_t end = std::min(first + kFanOut, counts_[level - 1]);
  Summary all{0, 0, 0};
  std::uint32_t covered = 0;
  for (std::uint32_t i = first; i < end; ++i) {
    const Summary child = summary(level - 1, i);
    const std::uint32_t child_pages = pages_of(level - 1, i).length();
    if (all.prefix == covered) all.prefix += child.prefix;
    all.longest = std::max({all.longest, child.longest, all.suffix + child.prefix});
    all.suffix = child.suffix == child_pages ? all.suffix + child_pages : child.suffix;
    covered += child_pages;
  }
  return all;
}

void FreePages::summarise_over(std::uint32_t first, std::uint32_t pages) noexcept {
  std::uint32_t low = first / kWordPages;
  std::uint32_t high = (first + pages - 1) / kWordPages;
  bool changed = true;
  for (unsigned level = 1; level <= top_ && changed; ++level) {
    low /= kFanOut;
    high /= kFanOut;
    changed = false;
    for (std::uint32_t i = low; i <= high; ++i) {
      const Summary now = summarise(level, i);
      if (now == levels_[level][i]) continue;
      levels_[level][i] = now;
      changed = true;
    }
  }
}

// What becomes free is one run with what was free beside it, and no other run changes: no need to
// look at what else there is. All of it lies under one summary of each level.
void FreePages::lengthen(Run run) noexcept {
  std::uint32_t index = run.first / kWordPages;
  for (unsigned level = 1; level <= top_; ++level) {
    index /= kFanOut;
    const Run all = pages_of(level, index);
    run.first = start_within(run.first, level - 1, all.first);
    run.end = end_within(run.end, level - 1, all.end);
    Summary now = levels_[level][index];
    now.longest = std::max(now.longest, run.length());
    if (run.first == all.first) now.prefix = run.length();
    if (run.end == all.end) now.suffix = run.length();
    if (now == levels_[level][index]) return;
    levels_[level][index] = now;
  }
}

// A run of free pages began at `first`, and now begins at `rest`: there may be a longest one still
// only where it was not that itself.
void FreePages::shorten(std::uint32_t first, std::uint32_t rest) noexcept {
  std::uint32_t end = rest;
  std::uint32_t index = first / kWordPages;
  for (unsigned level = 1; level <= top_; ++level) {
    index /= kFanOut;
    const Run all = pages_of(level, index);
    end = end_within(end, level - 1, all.end);
    Summary now = levels_[level][index];
    if (now.longest == end - first) {
      now = summarise(level, index);
    } else {
      if (first == all.first) now.prefix = 0;
      if (end == all.end) now.suffix = end - rest;
    }
    if (now == levels_[level][index]) return;
    levels_[level][index] = now;
  }
}

// Where the free pages start that end right before `page`, but not before `least`. Above the words,
// a page that is no child's first has none before it: its child was looked at.
std::uint32_t FreePages::start_within(std::uint32_t page, unsigned level,
                                      std::uint32_t least) const noexcept {
  const std::uint32_t pages = kWordPages << (3 * level);
  if (const std::uint32_t bit = page % kWordPages; level == 0 && bit != 0) {
    page -= static_cast<std::uint32_t>(
        std::countl_one(words_[page / kWordPages] << (kWordPages - bit)));
  }
  while (page > least && page % pages == 0) {
    const std::uint32_t before = suffix(level, page / pages - 1);
    page -= before;
    if (before != pages) break;
  }
  return page;
}

// Where those end that start with `page`.
std::uint32_t FreePages::end_within(std::uint32_t page, unsigned level,
                                    std::uint32_t most) const noexcept {
  const std::uint32_t pages = kWordPages << (3 * level);
  if (level == 0 && page % kWordPages != 0) {
    page +=
        static_cast<std::uint32_t>(std::countr_one(words_[page / kWordPages] >> page % kWordPages));
  }
  while (page < most && page % pages == 0) {
    const std::uint32_t behind = prefix(level, page / pages);
    page += behind;
    if (behind != pages) break;
  }
  return page;
}

bool FreePages::adds_up() const noexcept {
  for (unsigned level = 1; level <= top_; ++level) {
    for (std::uint32_t i = 0; i < counts_[level]; ++i) {
      if (levels_[level][i] != summarise(level, i)) return false;
    }
  }
  return true;
}

}  // namespace cleave::detail
