#include "arena/track/fault_tracker.h"

#include <sys/mman.h>

#include <cerrno>

#include "arena/memory/last_words.h"
#include "arena/signals/front_handler.h"
#include "base/kernel_abi.h"
#include "base/refusal.h"

namespace cleave::detail {

Result<void> FaultTracker::watch(int signal) {
  if (auto looked = look(); !looked) return looked;
  if (auto closed = close(all()); !closed) return closed;
  open_.clear();
  if (auto given = give_back_protections(); !given) return given;
  signal_ = signal;
  return watch_faults(signal, {mapping_.native(), mapping_.bytes()}, *this);
}

// Noted pages are taken before they are closed: what open_all() opens meanwhile, in a thread that
// does not touch the arena, is noted once more after that, and so is never open and unknown.
Result<void> FaultTracker::collect(PageRun within, PageSet& changed) {
  if (auto front = return_to_front(signal_); !front) return front;
  if (auto looked = look(); !looked) return looked;
  if (opened_for_others_.exchange(false, sync::relaxed)) is_exact_ = false;
  (void)for_each_watched(within, [&](PageRun watched) -> Result<void> {
    open_.move(watched, changed);
    return {};
  });
  if (auto closed = close_all_of(within, changed); !closed) {
    // What may not be closed stays open, and so is counted as written again next time.
    (void)changed.for_each_run(within, [&](PageRun run) -> Result<void> {
      open_.add(run);
      return {};
    });
    return closed;
  }
  if (within == all()) all_closed();
  return give_back_protections();
}

Result<void> FaultTracker::close_all_of(PageRun within, const PageSet& pages) {
  const auto for_each = [&](auto visit) {
    return for_each_watched(within, [&](PageRun run) { return pages.for_each_run(run, visit); });
  };
  std::uint64_t runs = 0;
  (void)for_each([&](PageRun) -> Result<void> {
    ++runs;
    return {};
  });
  if (within == all() && cost_of_closing(runs) > cost_of_closing_all()) return close(all());
  return for_each([&](PageRun run) { return close(run); });
}

// In a child of fork(2) something else may lie at these addresses, and a userfaultfd speaks of the
// parent's memory.
void FaultTracker::mark_dirty(PageRun run) noexcept {
  if (!mapping_.is_here()) return;
  // Noted first: a page must never be open and unknown.
  open_.add(run);
  open_.add(open_up(run));
}

// The mark is set again after the pages were noted, for the collect() that finds them.
void FaultTracker::open_all() noexcept {
  opened_for_others_.store(true, sync::relaxed);
  mark_dirty(all());
  opened_for_others_.store(true, sync::relaxed);
}

// userfaultfd's protection sits in the page tables, and may have gone with the memory. Where it
// cannot be put back, the pages count as written.
void FaultTracker::punched(PageRun run) noexcept {
  if (!close(run)) open_.add(run);
}

// Two threads may fault on one page: the second finds it open, and tries again. But a page that is
// open and faults once more lacks something else, memory most likely: then the fault is a real one.
bool FaultTracker::fault(std::byte* address) noexcept {
  if (!mapping_.is_here() || !closed_by_us(address)) return false;
  const auto page = static_cast<std::uint64_t>(address - mapping_.native()) / kPageSize;
  const bool first = open_.add(page);
  const PageRun opened = open_up({page, page + 1});
  open_.add(opened);
  if (opened.pages() == 0) {
    say_last_words(
        "the kernel does not let an arena's page at ", address,
        {" be written to any more; its tracking, ", name(kind()), ", cannot go on without"});
    return false;
  }
  if (first) return true;
  return may_have_memory(page);
}

// What the kernel says when it has none, or would raise SIGBUS. Any other refusal does not tell
// (EINVAL: it is older than Linux 5.14, EPERM: a policy denies it): then it was the protection.
bool FaultTracker::may_have_memory(std::uint64_t page) const noexcept {
  return insist([&] {
    return madvise(mapping_.native(page), kPageSize, MADV_POPULATE_WRITE) == 0 ||
           (errno != ENOMEM && errno != EFAULT && errno != EHWPOISON);
  });
}

}  // namespace cleave::detail
