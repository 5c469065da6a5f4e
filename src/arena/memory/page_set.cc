#include "arena/memory/page_set.h"

#include <utility>

#include "base/fail.h"
#include "sync/memory.h"

namespace cleave::detail {

Result<PageSet> PageSet::create(std::uint64_t pages) {
  const std::uint64_t words = (pages + kBits - 1) / kBits;
  const std::uint64_t summary = (words + kBits - 1) / kBits;
  // Zeroes are words of zero, as in static memory. To write them would give pages to all of them,
  // half a MiB for an arena of 16 GiB, of which few are ever used.
  void* memory = sync::allocate_zeroed((words + summary) * sizeof(Word));
  if (memory == nullptr) return fail(Errc::no_memory, "out of memory allocating a set of pages");
  auto* first = static_cast<Word*>(memory);
  return PageSet(pages, first, first + words);
}

PageSet::PageSet(PageSet&& from) noexcept
    : pages_(std::exchange(from.pages_, 0)),
      words_(std::exchange(from.words_, nullptr)),
      summary_(std::exchange(from.summary_, nullptr)) {}

PageSet::~PageSet() { sync::deallocate(words_); }

bool PageSet::set(Word& word, std::uint64_t bits) noexcept {
  std::uint64_t seen = word.load(sync::relaxed);
  while ((seen & bits) != bits) {
    if (word.compare_exchange(seen, seen | bits, sync::acquire)) return true;
  }
  return false;
}

void PageSet::clear(Word& word, std::uint64_t bits) noexcept {
  std::uint64_t seen = word.load(sync::relaxed);
  while (!word.compare_exchange(seen, seen & ~bits, sync::release)) {
  }
}

bool PageSet::add(std::uint64_t page) noexcept {
  const std::uint64_t i = page / kBits;
  const bool added = set(words_[i], std::uint64_t{1} << (page % kBits));
  (void)set(summary_[i / kBits], std::uint64_t{1} << (i % kBits));
  return added;
}

void PageSet::add(PageRun run) noexcept {
  for (std::uint64_t page = run.first; page < run.end;) {
    const std::uint64_t i = page / kBits;
    const std::uint64_t from = page % kBits;
    const std::uint64_t to = run.end - page < kBits - from ? from + (run.end - page) : kBits;
    const std::uint64_t below_to = to == kBits ? ~std::uint64_t{0} : (std::uint64_t{1} << to) - 1;
    (void)set(words_[i], below_to & ~((std::uint64_t{1} << from) - 1));
    (void)set(summary_[i / kBits], std::uint64_t{1} << (i % kBits));
    page += to - from;
  }
}

bool PageSet::has(std::uint64_t page) const noexcept {
  return ((word(page / kBits) >> (page % kBits)) & 1) != 0;
}

bool PageSet::empty() const noexcept { return first_from(0, pages_) == pages_; }

std::uint64_t PageSet::count() const noexcept {
  std::uint64_t count = 0;
  (void)for_each_run([&count](PageRun run) -> Result<void> {
    count += run.pages();
    return {};
  });
  return count;
}

// Leaves the summary: it may name a word that is empty, never miss one that is not.
void PageSet::remove(PageRun run) noexcept {
  for (std::uint64_t page = first_from(run.first, run.end); page < run.end;
       page = first_from(page + 1, run.end)) {
    Word& at = words_[page / kBits];
    at.store(at.load(sync::relaxed) & ~(std::uint64_t{1} << (page % kBits)), sync::relaxed);
  }
}

void PageSet::clear() noexcept {
  for (std::uint64_t s = 0; s * kBits < words(); ++s) {
    std::uint64_t left = summary_[s].load(sync::relaxed);
    if (left == 0) continue;
    summary_[s].store(0, sync::relaxed);
    for (; left != 0; left &= left - 1) {
      words_[s * kBits + static_cast<unsigned>(std::countr_zero(left))].store(0, sync::relaxed);
    }
  }
}

void PageSet::move(PageRun within, PageSet& into) noexcept {
  for (std::uint64_t page = first_from(within.first, within.end); page < within.end;
       page = first_from(page, within.end)) {
    const std::uint64_t i = page / kBits;
    const std::uint64_t beyond = within.end - i * kBits;
    const std::uint64_t inside =
        beyond < kBits ? (std::uint64_t{1} << beyond) - 1 : ~std::uint64_t{0};
    const std::uint64_t bits = word(i) & inside & ~((std::uint64_t{1} << (page % kBits)) - 1);
    (void)set(into.words_[i], bits);
    (void)set(into.summary_[i / kBits], std::uint64_t{1} << (i % kBits));
    const std::uint64_t in_summary = std::uint64_t{1} << (i % kBits);
    clear(summary_[i / kBits], in_summary);
    clear(words_[i], bits);
    if (word(i) != 0) (void)set(summary_[i / kBits], in_summary);
  }
}

std::uint64_t PageSet::first_from(std::uint64_t page, std::uint64_t end) const noexcept {
  if (page >= end) return end;
  std::uint64_t i = page / kBits;
  if (const std::uint64_t here = word(i) >> (page % kBits); here != 0) {
    return page + static_cast<unsigned>(std::countr_zero(here));
  }
  for (++i; i * kBits < end;) {
    const std::uint64_t left = summary_[i / kBits].load(sync::relaxed) >> (i % kBits);
    if (left == 0) {
      i = (i / kBits + 1) * kBits;
      continue;
    }
    i += static_cast<unsigned>(std::countr_zero(left));
    if (const std::uint64_t here = word(i); here != 0) {
      return i * kBits + static_cast<unsigned>(std::countr_zero(here));
    }
    ++i;
  }
  return end;
}

std::uint64_t PageSet::first_absent_from(std::uint64_t page) const noexcept {
  while (page < pages_) {
    const std::uint64_t absent = ~word(page / kBits) >> (page % kBits);
    if (absent != 0) {
      page += static_cast<unsigned>(std::countr_zero(absent));
      break;
    }
    page = (page / kBits + 1) * kBits;
  }
  return page < pages_ ? page : pages_;
}

}  // namespace cleave::detail
