// A set of pages, by their number from the start of an arena.
#pragma once

#include <bit>
#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/error.h>
#include <cleave/units.h>

namespace cleave::detail {

/// Pages `first` up to, but not with, `end`, counted from an arena's first page.
struct PageRun {
  std::uint64_t first;
  std::uint64_t end;
  [[nodiscard]] constexpr std::uint64_t pages() const { return end - first; }
  friend constexpr bool operator==(const PageRun&, const PageRun&) = default;
};

/// One bit a page, and one bit for every 64 of those words, so that an empty extent of 16 MiB costs
/// one look. Any thread may add, also in a signal handler and while move() runs: no lock, no
/// allocation. Everything else wants the set to itself.
class PageSet {
 public:
  /// Empty, for pages 0 up to `pages`. Error: no_memory. 32 KiB for each GiB.
  static Result<PageSet> create(std::uint64_t pages);
  PageSet(PageSet&& from) noexcept;
  PageSet& operator=(PageSet&&) = delete;
  ~PageSet();

  /// True if the page was not in the set.
  bool add(std::uint64_t page) noexcept;
  void add(PageRun run) noexcept;
  [[nodiscard]] bool has(std::uint64_t page) const noexcept;
  [[nodiscard]] bool empty() const noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept;
  void remove(PageRun run) noexcept;
  void clear() noexcept;
  /// Moves what lies inside `within` to another set of as many pages. What other threads add
  /// meanwhile is moved, or stays.
  void move(PageRun within, PageSet& into) noexcept;

  /// Calls `visit(PageRun)` for each longest run of pages in the set inside `within`, in order.
  /// `visit` gives a Result<void>; the first error ends the walk and is returned. Cost: by the
  /// words that are not empty.
  template <class Visit>
  Result<void> for_each_run(PageRun within, Visit visit) const;
  template <class Visit>
  Result<void> for_each_run(Visit visit) const {
    return for_each_run({0, pages_}, visit);
  }
  /// The same for each longest run of pages inside `within` that are not in the set.
  template <class Visit>
  Result<void> for_each_gap(PageRun within, Visit visit) const;

 private:
  // Bits are set by any thread (relaxed: whoever reads the set has made the writers stand still,
  // and that orders it), cleared by whoever has the set to itself. move() alone runs beside those
  // that add: it clears a word's bit in the summary before the word (release), they set it after
  // (acquire).
  using Word = sync::atomic<std::uint64_t>;
  static constexpr std::uint64_t kBits = 64;

  PageSet(std::uint64_t pages, Word* words, Word* summary)
      : pages_(pages), words_(words), summary_(summary) {}
  static bool set(Word& word, std::uint64_t bits) noexcept;
  static void clear(Word& word, std::uint64_t bits) noexcept;
  [[nodiscard]] std::uint64_t words() const { return (pages_ + kBits - 1) / kBits; }
  [[nodiscard]] std::uint64_t word(std::uint64_t i) const { return words_[i].load(sync::relaxed); }
  /// The first page in the set from `page` on, where that is below `end`; else `end`, or a page
  /// behind it. It looks no further: to look through all of an empty set for each of a thousand
  /// runs would cost more than what the runs are asked for.
  [[nodiscard]] std::uint64_t first_from(std::uint64_t page, std::uint64_t end) const noexcept;
  /// The first page not in the set from `page` on.
  [[nodiscard]] std::uint64_t first_absent_from(std::uint64_t page) const noexcept;

  std::uint64_t pages_;
  Word* words_;
  Word* summary_;
};

template <class Visit>
Result<void> PageSet::for_each_run(PageRun within, Visit visit) const {
  for (std::uint64_t at = first_from(within.first, within.end); at < within.end;) {
    const std::uint64_t end = first_absent_from(at);
    const PageRun run{at, end < within.end ? end : within.end};
    if (Result<void> done = visit(run); !done) return done;
    at = first_from(run.end, within.end);
  }
  return {};
}

template <class Visit>
Result<void> PageSet::for_each_gap(PageRun within, Visit visit) const {
  for (std::uint64_t at = within.first; at < within.end;) {
    const std::uint64_t next = first_from(at, within.end);
    const PageRun gap{at, next < within.end ? next : within.end};
    if (gap.pages() != 0) {
      if (Result<void> done = visit(gap); !done) return done;
    }
    at = first_absent_from(gap.end);
  }
  return {};
}

}  // namespace cleave::detail
