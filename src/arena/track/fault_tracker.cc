#include "arena/track/fault_tracker.h"

#include <sys/mman.h>

#include <cerrno>

#include "base/kernel_abi.h"

namespace cleave::detail {

Result<void> FaultTracker::watch(int signal) {
  if (auto closed = close(all()); !closed) return closed;
  return watch_faults(signal, {mapping_.native(), mapping_.bytes()}, *this);
}

Result<void> FaultTracker::collect(PageRun within, PageSet& changed) {
  std::uint64_t runs = 0;
  (void)open_.for_each_run(within, [&](PageRun run) -> Result<void> {
    changed.add(run);
    ++runs;
    return {};
  });
  // What could not be closed stays open, and so is counted as written again next time.
  if (within == all() && cost_of_closing(runs) > cost_of_closing_all()) {
    if (auto closed = close(all()); !closed) return closed;
  } else {
    auto closed = open_.for_each_run(within, [&](PageRun run) { return close(run); });
    if (!closed) return closed;
  }
  if (within == all()) {
    open_.clear();
    all_closed();
  } else {
    open_.move(within, changed);
  }
  return {};
}

// In a child of fork(2) something else may lie at these addresses, and a userfaultfd speaks of the
// parent's memory.
void FaultTracker::mark_dirty(PageRun run) noexcept {
  if (!mapping_.is_here()) return;
  // Noted first: a page must never be open and unknown.
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
  if (!mapping_.is_here()) return false;
  const auto page = static_cast<std::uint64_t>(address - mapping_.native()) / kPageSize;
  const bool first = open_.add(page);
  const PageRun opened = open_up({page, page + 1});
  open_.add(opened);
  if (first || opened.pages() == 0) return opened.pages() != 0;
  // EINVAL: a kernel that cannot tell. There it was the protection: userfaultfd's came later.
  return madvise(mapping_.native(page), kPageSize, MADV_POPULATE_WRITE) == 0 || errno == EINVAL;
}

}  // namespace cleave::detail
