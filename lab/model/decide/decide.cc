#include "lab/model/decide/decide.h"

namespace lab::model {
namespace {

bool all_references_are(std::uint32_t expected, const Counts& page) {
  return page.refs == expected;
}

Decision by_maps(std::uint32_t maps, const Counts& page) {
  if (page.swap_cache && page.writeback && page.stable_writes) {
    return no("reuse: under writeback that must not change");
  }
  return maps + page.swaps == 1 ? yes("reuse: map+swap is 1") : no("reuse: map+swap is above 1");
}

Decision by_references(const Counts& page) {
  return all_references_are(1, page) ? yes("reuse: refs is 1") : no("reuse: refs is above 1");
}

// Pins are counted apart: they are not in `refs`.
Decision by_ownership(const Counts& page) {
  return all_references_are(1, page) ? yes("own: every count is one")
                                     : no("own: a count is above one");
}

Decision by_mark(const Counts& page) {
  return page.exclusive ? yes("reuse: marked exclusive") : no("reuse: not marked exclusive");
}

// Where pins are exact, only what is owned is pinned, and nothing shares it while it is: reclaim,
// which only passes by with a reference, does not make it another's.
bool owned_by_pin(const Rules& rules, const Counts& page) {
  return rules.pin_count == PinCount::exact && page.anonymous && page.pins > 0;
}
constexpr const char* kOwnedByPin = "own: pinned, and so owned";

}  // namespace

bool maybe_pinned(const Rules& rules, const Counts& page) {
  if (rules.pin_count == PinCount::exact || page.large) return page.pins > 0;
  return page.refs >= rules.bias;
}

FirstLook reuse_at_once(const Rules& rules, const Counts& page) {
  if (owned_by_pin(rules, page)) return {AtOnce::reuse, kOwnedByPin};
  if (page.ksm) {
    if (rules.reuse_ksm == ReuseKsm::never) return {AtOnce::copy, "reuse: a merged page never is"};
    if (page.swap_cache || page.refs != 1) {
      return {AtOnce::copy, "reuse: a merged page with other references"};
    }
    return {};
  }
  switch (rules.reuse_small) {
    case ReuseSmall::map:
      return {};
    case ReuseSmall::refs:
      if (page.refs != 1) return {AtOnce::copy, "reuse: refs is above 1"};
      return {};
    case ReuseSmall::exclusive:
      if (page.exclusive) return {AtOnce::reuse, "reuse: marked exclusive"};
      [[fallthrough]];
    case ReuseSmall::refs_freed:
      // The entry, the swap cache and a batch: more cannot go away.
      if (page.refs > 3) return {AtOnce::copy, "reuse: refs is above 3"};
      return {};
    case ReuseSmall::owned:
      if (page.swap_cache) return {};  // which may let go
      return {by_ownership(page).yes ? AtOnce::reuse : AtOnce::copy, by_ownership(page).why};
  }
  return {};
}

Decision reuse_small(const Rules& rules, const Counts& page) {
  if (page.ksm) {
    // Freezing the references at one needs them to be one.
    return rules.reuse_ksm == ReuseKsm::frozen && page.refs == 1 && !page.swap_cache
               ? yes("reuse: the merged page's refs froze at 1")
               : no("reuse: a merged page");
  }
  switch (rules.reuse_small) {
    case ReuseSmall::map:
      return by_maps(page.maps, page);
    case ReuseSmall::refs:
      if (page.maps != 1) return no("reuse: map is above 1");
      return by_references(page);
    case ReuseSmall::exclusive:
      if (page.exclusive) return by_mark(page);
      return by_references(page);
    case ReuseSmall::refs_freed:
      return by_references(page);
    case ReuseSmall::owned:
      return by_ownership(page);
  }
  return {};
}

Decision reuse_pmd(const Rules& rules, const Counts& page) {
  if (owned_by_pin(rules, page)) return yes(kOwnedByPin);
  switch (rules.reuse_pmd_thp) {
    case ReusePmd::map_torn:
    case ReusePmd::map:
      return by_maps(page.most_maps, page);
    case ReusePmd::exclusive:
      if (page.exclusive) return by_mark(page);
      [[fallthrough]];
    case ReusePmd::refs:
      return by_references(page);
    case ReusePmd::owned:
      return by_ownership(page);
  }
  return {};
}

Decision reuse_pte_of_large(const Rules& rules, const Counts& page) {
  if (owned_by_pin(rules, page)) return yes(kOwnedByPin);
  switch (rules.reuse_pte_thp) {
    case ReusePte::map_most:
      return by_maps(page.most_maps, page);
    case ReusePte::refs:
      return by_references(page);
    case ReusePte::exclusive:
      return by_mark(page);
    case ReusePte::last:
      return page.exclusive ? by_mark(page) : by_references(page);
    case ReusePte::owner:
      if (page.exclusive) return by_mark(page);
      if (!page.one_process) return no("reuse: the folio may be mapped by another process");
      // A last page alone would keep the whole folio in memory.
      if (page.all_maps <= 1) return no("reuse: only one entry of the folio is left");
      return page.all_maps == page.refs ? yes("reuse: all references are one process' entries")
                                        : no("reuse: the folio has references that are no entries");
  }
  return {};
}

Decision reuse_hugetlb(const Rules& rules, const Counts& page) {
  if (owned_by_pin(rules, page)) return yes(kOwnedByPin);
  if (rules.exclusive_mark == Flag::yes && page.exclusive) return by_mark(page);
  if (rules.reuse_hugetlb == ReuseHugetlb::map) {
    return page.maps == 1 ? yes("reuse: map is 1") : no("reuse: map is above 1");
  }
  return by_references(page);
}

bool frees_before_counting(const Rules& rules) {
  return rules.reuse_small != ReuseSmall::map && rules.reuse_small != ReuseSmall::refs;
}

Decision reuse_swapped(const Rules& rules, const Counts& page, bool marked, bool fresh) {
  switch (rules.reuse_in_swapin) {
    case ReuseSwapIn::map:
      return by_maps(page.maps, page);
    case ReuseSwapIn::marker: {
      const bool may_change = !(page.writeback && page.stable_writes);
      if (marked && may_change) return yes("swap-in: the entry remembers exclusive");
      [[fallthrough]];
    }
    case ReuseSwapIn::refs:
      if (page.ksm) return no("swap-in: a merged page");
      if (fresh) return yes("swap-in: just read, outside the swap cache");
      // One reference: the one that is about to be the entry's.
      return page.refs == 1 ? yes("swap-in: refs is 1") : no("swap-in: refs is above 1");
  }
  return {};
}

GupDecision gup_read(const Rules& rules, const Counts& page, bool pin, bool long_term,
                     bool copy_on_write) {
  if (!copy_on_write) return {GupStep::take, "gup: a shared mapping"};
  switch (rules.gup_ro) {
    case GupRead::take:
      return {GupStep::take, "gup: takes what is mapped"};
    case GupRead::write:
      return {GupStep::write, "gup: a reading reference breaks sharing as a write does"};
    case GupRead::unshare_mapped:
      if (page.anonymous && !page.ksm && page.maps > 1)
        return {GupStep::unshare, "gup: map is above 1"};
      return {GupStep::take, "gup: map is 1"};
    case GupRead::unshare:
    case GupRead::unshare_long:
    case GupRead::fail: {
      if (!pin) return {GupStep::take, "gup: no pin"};
      if (!page.anonymous) {
        if (rules.gup_ro == GupRead::unshare || !long_term)
          return {GupStep::take, "gup: a file's page, for short"};
        return {GupStep::unshare, "gup: a file's page, for long"};
      }
      if (page.exclusive) return {GupStep::take, "gup: marked exclusive"};
      if (rules.gup_ro == GupRead::fail)
        return {GupStep::refuse, "gup: not marked exclusive, refused"};
      return {GupStep::unshare, "gup: not marked exclusive"};
    }
    case GupRead::unshare_all:
      if (!pin) return {GupStep::take, "gup: no pin"};
      if (page.anonymous && rules.exclusive_mark == Flag::yes && page.exclusive) {
        return {GupStep::take, "gup: need not copy"};
      }
      if (owned_by_pin(rules, page)) return {GupStep::take, kOwnedByPin};
      if (page.anonymous && rules.exclusive_mark == Flag::no && by_ownership(page)) {
        return {GupStep::take, "gup: owned"};
      }
      return {GupStep::unshare, "gup: not its owner's alone"};
  }
  return {};
}

GupDecision gup_read_zero(const Rules& rules, bool pin, bool long_term) {
  const bool breaks = rules.gup_ro == GupRead::write ||
                      (rules.gup_ro == GupRead::unshare_all && pin) ||
                      ((rules.gup_ro == GupRead::unshare_long || rules.gup_ro == GupRead::fail) &&
                       pin && long_term);
  if (!breaks) return {GupStep::take, "gup: the zero page"};
  return {rules.gup_ro == GupRead::write ? GupStep::write : GupStep::unshare,
          "gup: not the zero page"};
}

Decision fast_tries_readonly(const Rules& rules, bool pin) {
  switch (rules.gup_fast_ro) {
    case GupFastRead::none:
      return no("gup fast: there is none");
    case GupFastRead::writable:
      return no("gup fast: not writable");
    case GupFastRead::owned:
      return pin ? yes("gup fast: perhaps owned") : no("gup fast: a hold takes the lock");
    default:
      return yes("gup fast: readable");
  }
}

Decision fast_keeps_readonly(const Rules& rules, const Counts& page, bool pin, bool long_term) {
  switch (rules.gup_fast_ro) {
    case GupFastRead::mapped_once:
      if (page.anonymous && !page.ksm && page.maps > 1) return no("gup fast: map is above 1");
      return yes("gup fast: map is 1");
    case GupFastRead::exclusive:
      if (!pin) return yes("gup fast: no pin");
      // Without the region it is not known whether a file's page is copied on write: leave it to
      // the slow way.
      if (!page.anonymous)
        return long_term ? no("gup fast: a file's page, for long") : yes("gup fast: a file's page");
      return page.exclusive ? yes("gup fast: marked exclusive")
                            : no("gup fast: not marked exclusive");
    default:
      return yes("gup fast: readable");
  }
}

Decision unpin_finds_in_order(const Rules& rules, const Counts& page) {
  if (rules.unpin_check == Flag::no || !page.anonymous) return yes("unpin: not checked");
  if (rules.pin_count == PinCount::exact) {
    return page.refs <= 1 ? yes("unpin: one owner or none") : no("unpin: a pinned page was shared");
  }
  return page.exclusive ? yes("unpin: still exclusive") : no("unpin: a pinned page lost its mark");
}

}  // namespace lab::model
