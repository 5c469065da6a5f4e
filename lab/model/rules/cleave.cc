#include "lab/model/rules/all.h"

namespace lab::model::rules {
namespace {

Rules rules_of_cleave() {
  Rules rules;
  rules.reuse_small = ReuseSmall::owned;
  rules.reuse_pmd_thp = ReusePmd::owned;
  rules.reuse_pte_thp = ReusePte::refs;
  rules.reuse_hugetlb = ReuseHugetlb::refs;
  rules.reuse_in_swapin = ReuseSwapIn::refs;
  rules.get = Get::hold;
  rules.gup_ro = GupRead::unshare_all;
  rules.gup_fast_ro = GupFastRead::owned;
  rules.pin_count = PinCount::exact;
  rules.unpin_check = Flag::yes;
  rules.fork_pinned = ForkPinned::pinned;
  rules.fork_seq = ForkSeq::sections;
  rules.fork_hugetlb_copy = Flag::yes;
  rules.reclaim_pinned = Reclaim::again;
  rules.discard_asks_write = Flag::yes;
  rules.mprotect_upgrades = Flag::yes;  // protections are of regions alone
  rules.force_write = ForceWrite::exclusive;
  rules.merging = Merging::unpinned;
  rules.lazyfree = LazyFree::refs;
  rules.lazyfree_shared = Flag::no;
  rules.swapin_direct = SwapInDirect::held;
  rules.uffd_wp = UffdWp::markers;
  return rules;
}

}  // namespace

const RuleSet kCleave{
    "cleave",
    "this project",
    "A page is its process' own when every count on the path to it is one; nothing else "
    "decides, and no mark is kept. A pin is no reference: it is counted apart and exactly, "
    "only on what is owned, and a fork copies exactly what is pinned. A plain reference is a "
    "hold: counted, so that every later writer copies away from it. "
    "docs/explanation/design.md has the rule.",
    rules_of_cleave,
};

}  // namespace lab::model::rules
