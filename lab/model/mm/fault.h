// Page faults: what the CPU, and references on its behalf, do when an entry does not allow what
// they want.
#pragma once

#include "lab/model/world/world.h"

namespace lab::model {

enum class Fault : std::uint8_t {
  read,
  write,
  unshare,  ///< make the page the process' own, and leave it read-only
};

struct FaultFlags {
  Fault kind = Fault::read;
  bool forced = false;   // FOLL_FORCE: private regions may be written whatever they say
  bool may_wait = true;  // for userfaultfd
  bool holds_map =
      false;  // the caller has the mmap lock for reading; given up while waiting for userfaultfd
  bool stays_readonly = false;  // swapoff: whatever could be written at once
};

struct FaultResult {
  Answer answer =
      Answer::done;         // done: look again; failed: would have to wait; killed: no such memory
  bool write_done = false;  // a write was made possible, and would be allowed but for the region
};

/// One fault. Several steps; takes and leaves the locks that it needs.
FaultResult fault(World& world, Task task, PageNo page, FaultFlags how);

/// What a fault found, in its first step, that it has yet to do. If it is a swap entry or more the
/// fault holds the mmap lock for reading, and a reference to the page that it is going to copy.
struct FaultPlan {
  enum class Next : std::uint8_t {
    nothing,
    kill,
    userfault,  // asleep, until a handler wakes it
    migration,
    page_lock,
    torn_look,  // at a huge page's map counts
    swap_in,
    fill,  // with zeroes
    copy,
    copy_hugetlb,
  };
  Next next = Next::nothing;
  Entry entry = {};
  Region region = {};
  bool write_done = false;
};

/// The fault on a swap entry. Gives back the mmap lock.
void swap_in(World& world, Task task, PageNo page, FaultFlags how, const FaultPlan& plan);

/// Whether the process' CPU holds the page in its batch; then it lets go. Belongs into a step.
void drain_own_batch(World& world, Task task, Folio& folio);
/// Frees the swap cache from a page that has no swap entry any more. Belongs into a step.
void try_to_free_swap(World& world, Folio& folio);

// A write or unshare fault on a present, anonymous, read-only page: what is looked at, in which
// order.

enum class PageVerdict : std::uint8_t { reuse, copy, wait };

/// Belongs into a step that has the page table lock. wait: for the page lock, and then look again.
/// On reuse the swap cache has been left where the rule-set leaves it, and the page is no merged
/// one any more.
PageVerdict judge_page(World& world, Task task, const EntryRef& spot);

}  // namespace lab::model
