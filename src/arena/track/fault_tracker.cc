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

// A thread that does not touch the arena needs not rest, and may be opening pages: between its
// opening and its noting, pages are open and unknown. While one does so, all count as written.
Result<void> FaultTracker::collect(PageRun within, PageSet& changed) {
  if (auto front = return_to_front(signal_); !front) return front;
  if (auto looked = look(); !looked) return looked;
  const bool opening = opening_.load(sync::acquire) != 0 && sync::performs("tracker.opening");
  if (opened_for_others_.exchange(false, sync::relaxed) || opening) is_exact_ = false;
  (void)for_each_watched(within, [&](PageRun watched) -> Result<void> {
    open_.move(watched, changed);
    if (opening) changed.add(watched);
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
  opening_.add(1, sync::acquire);
  open_and_note(run);
  opening_.sub(1, sync::release);
}

void FaultTracker::open_all() noexcept {
  if (!mapping_.is_here()) return;
  opening_.add(1, sync::acquire);
  open_closed();
  opened_for_others_.store(true, sync::relaxed);
  opening_.sub(1, sync::release);
}

// Noted as well where they cannot be opened: a device will write to them.
void FaultTracker::open_and_note(PageRun run) noexcept {
  open_.add(run);
  open_.add(open_up(run));
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
