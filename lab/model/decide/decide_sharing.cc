// Decisions of those who share, unmap, move or protect pages: fork, reclaim, KSM, migration,
// mprotect.
#include "lab/model/decide/decide.h"

namespace lab::model {
Decision fork_copies(const Rules& rules, const Counts& page, bool ever_pinned) {
  switch (rules.fork_pinned) {
    case ForkPinned::none:
      return no("fork: shares whatever there is");
    case ForkPinned::any:
      if (!ever_pinned) return no("fork: the process never pinned");
      return maybe_pinned(rules, page) ? yes("fork: maybe pinned") : no("fork: not pinned");
    case ForkPinned::exclusive:
      if (!page.anonymous || !page.exclusive) return no("fork: not marked exclusive");
      if (!ever_pinned) return no("fork: the process never pinned");
      return maybe_pinned(rules, page) ? yes("fork: exclusive and maybe pinned")
                                       : no("fork: not pinned");
    case ForkPinned::referenced:
      if (!page.anonymous || !page.exclusive) return no("fork: must copy already");
      if (!ever_pinned) return no("fork: the process never pinned");
      return page.refs > 1 ? yes("fork: need not copy and has another reference")
                           : no("fork: no other reference");
    case ForkPinned::pinned:
      return page.anonymous && page.pins > 0 ? yes("fork: pinned") : no("fork: not pinned");
  }
  return {};
}

Decision fork_copies_hugetlb(const Rules& rules, const Counts& page, bool ever_pinned) {
  if (rules.fork_hugetlb_copy == Flag::no) return no("fork: shares hugetlb pages");
  return fork_copies(rules, page, ever_pinned);
}

Decision reclaim_passes_by(const Rules& rules, const Counts& page) {
  if (rules.reclaim_pinned == Reclaim::never) return yes("reclaim: there is none");
  if (rules.reclaim_pinned == Reclaim::careless) return no("reclaim: does not ask");
  // What is in the swap cache already has been through this.
  if (page.swap_cache) return no("reclaim: in the swap cache already");
  return maybe_pinned(rules, page) ? yes("reclaim: maybe pinned") : no("reclaim: not pinned");
}

Decision share(const Rules& rules, const Counts& page) {
  if (!page.anonymous) return yes("share: no anonymous page");
  if (rules.pin_count == PinCount::exact) {
    return page.pins == 0 ? yes("share: not pinned") : no("share: pinned");
  }
  if (rules.exclusive_mark == Flag::no) return yes("share: nothing is marked");
  if (!page.exclusive) return yes("share: shared already");
  return maybe_pinned(rules, page) ? no("share: maybe pinned") : yes("share: not pinned");
}

Decision lazyfree_marks(const Rules& rules, const Counts& page, std::uint32_t own_maps,
                        bool dirty) {
  if (page.all_maps == own_maps) return yes("lazyfree: no other process maps it");
  if (rules.lazyfree_shared == Flag::no) return no("lazyfree: another process maps it");
  return dirty ? no("lazyfree: dirty as a whole, and another process maps it")
               : yes("lazyfree: entries tell who has written to it");
}

Decision lazyfree_drops(const Rules& rules, const Counts& page, bool dirty) {
  if (rules.lazyfree != LazyFree::dirty && !unreferenced(rules, page)) {
    return no("lazyfree: has other references");
  }
  return dirty ? no("lazyfree: written since") : yes("lazyfree: clean");
}

Decision merge_may_protect(const Rules& rules, const Counts& page) {
  if (rules.merging == Merging::never) return no("merge: there is none");
  if (page.ksm) return yes("merge: merged already");
  if (rules.merging == Merging::unpinned)
    return page.pins == 0 ? yes("merge: not pinned") : no("merge: pinned");
  return unreferenced(rules, page).yes ? yes("merge: map+swapcache is refs")
                                       : no("merge: has other references");
}

Decision unreferenced(const Rules& rules, const Counts& page) {
  if (rules.pin_count == PinCount::exact && page.pins > 0) return no("move: pinned");
  return page.refs == page.all_maps + (page.swap_cache ? 1 : 0) ? yes("move: refs are as expected")
                                                                : no("move: has other references");
}

Decision uffd_may_move(const Rules& rules, const Counts& page) {
  if (rules.uffd_move == UffdMove::missing) return no("move: not offered");
  if (!page.anonymous || !page.exclusive) return no("move: not exclusive");
  return maybe_pinned(rules, page) ? no("move: maybe pinned") : yes("move: exclusive, not pinned");
}

Decision clear_refs_passes_by(const Rules& rules, const Counts& page, bool writable,
                              bool ever_pinned) {
  if (rules.softdirty_skips_pinned == Flag::no) return no("clear_refs: does not ask");
  if (!writable || !ever_pinned) return no("clear_refs: nothing writable is pinned");
  return maybe_pinned(rules, page) ? yes("clear_refs: maybe pinned") : no("clear_refs: not pinned");
}

Decision upgrades(const Rules& rules, const Counts& page, bool must_tell) {
  if (rules.mprotect_upgrades == Flag::no) return no("protect: a fault will decide");
  if (must_tell) return no("protect: userfaultfd or soft-dirty wants the fault");
  if (rules.exclusive_mark == Flag::no && rules.pin_count == PinCount::exact) {
    return page.anonymous && (page.refs == 1 || page.pins > 0) ? yes("protect: owned")
                                                               : no("protect: not owned");
  }
  return page.anonymous && page.exclusive ? yes("protect: marked exclusive")
                                          : no("protect: not marked exclusive");
}

Decision force_accepts(const Rules& rules, const Counts& page, bool dirty, bool after_copy) {
  switch (rules.force_write) {
    case ForceWrite::drop_write:
      return after_copy ? yes("force: looks as for reading") : no("force: read-only");
    case ForceWrite::dirty:
      return after_copy && dirty ? yes("force: copied, and the entry is dirty")
                                 : no("force: not dirty");
    case ForceWrite::exclusive:
      if (rules.exclusive_mark == Flag::no) {
        const bool pinned = rules.pin_count == PinCount::exact && page.pins > 0;
        return page.anonymous && (page.refs == 1 || pinned) ? yes("force: owned")
                                                            : no("force: not owned");
      }
      return page.anonymous && page.exclusive ? yes("force: marked exclusive")
                                              : no("force: not marked exclusive");
  }
  return {};
}

}  // namespace lab::model
