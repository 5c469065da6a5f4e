// How the memory becomes what it was.
#include <algorithm>
#include <cstring>

#include "arena/member/arrivals.h"
#include "arena/member/member.h"
#include "arena/memory/page_copies.h"

namespace cleave::detail {

namespace {

// Memory of that many pages and more is given back when it becomes zeroes, rather than written.
constexpr std::uint64_t kWorthPunching = 16;

}  // namespace

void Member::find_differing() noexcept {
  (void)changed_.for_each_run([this](PageRun run) -> Result<void> {
    assume_turn();  // by the function around
    differing_.add(run);
    return {};
  });
}

void Member::add_differing(PageRange differs) noexcept {
  const PageNo first = number_of_page(0);
  const PageRun run{differs.first - first, differs.end - first};
  differing_.add(run);
  // Memory that comes back where there is none now is written through the alias, so that the
  // native mapping has no entry for it, and the tracker cannot know who wrote.
  suspected_.add(run);
}

// These hold what the target does. What a device has written since the look at them stays.
void Member::leave_pinned() noexcept {
  for (const Pinned& pinned : pins_) {
    if (pinned.access == PinAccess::write) differing_.remove(pinned.run);
  }
}

std::uint64_t Member::count_arriving(Arrivals& arrivals) const {
  std::uint64_t count = 0;
  (void)differing_.for_each_run([&](PageRun run) -> Result<void> {
    for (std::uint64_t page = run.first; page < run.end; ++page) {
      count += arrivals.has(number_of_page(page)) ? 1 : 0;
    }
    return {};
  });
  return count;
}

Result<void> Member::fetch(Arrivals& arrivals) const {
  return differing_.for_each_run([&](PageRun run) -> Result<void> {
    for (std::uint64_t page = run.first; page < run.end; ++page) {
      if (auto done = arrivals.fetch(number_of_page(page)); !done) return done;
    }
    return {};
  });
}

void Member::keep_all() noexcept { differing_.clear(); }

// Through the alias: what we write is not to count as a change.
void Member::restore(Arrivals& arrivals) noexcept {
  end_epoch();
  {
    PageCopies copies;
    (void)differing_.for_each_run([&](PageRun run) -> Result<void> {
      assume_turn();  // by the function around
      restored_pages_ += run.pages();
      for (std::uint64_t page = run.first; page < run.end;) {
        if (arrivals.has(number_of_page(page))) {
          copies.add(mapping_.alias(page), arrivals.next(number_of_page(page)));
          ++page;
          continue;
        }
        const std::uint64_t zeroes = page;
        while (page < run.end && !arrivals.has(number_of_page(page))) ++page;
        clear({zeroes, page});
      }
      return {};
    });
  }
  differing_.clear();
  changed_.clear();
}

// What is hot will be written again: it keeps its memory, which the kernel would have to zero, to
// charge and to map once more, one fault a page.
void Member::clear(PageRun run) noexcept {
  (void)hot_.pages().for_each_run(run, [this](PageRun hot) -> Result<void> {
    std::memset(mapping_.alias(hot.first), 0, hot.pages() * kPageSize);
    return {};
  });
  (void)hot_.pages().for_each_gap(run, [this](PageRun cold) -> Result<void> {
    assume_turn();  // by the function around
    clear_cold(cold);
    return {};
  });
}

void Member::clear_cold(PageRun run) noexcept {
  const bool pinned = std::any_of(pins_.begin(), pins_.end(), [&](const Pinned& p) {
    return p.run.first < run.end && run.first < p.run.end;
  });
  // A pinned page stays the device's page, and is written.
  if (run.pages() >= kWorthPunching && !pinned && mapping_.punch(run)) {
    choice_.tracker->punched(run);
    return;
  }
  std::memset(mapping_.alias(run.first), 0, run.pages() * kPageSize);
}

}  // namespace cleave::detail
