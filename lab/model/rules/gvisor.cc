#include "lab/model/rules/all.h"

namespace lab::model::rules {
namespace {

Rules rules_of_gvisor() {
  Rules rules;
  rules.reuse_small = ReuseSmall::exclusive;
  rules.reuse_pmd_thp = ReusePmd::exclusive;
  rules.reuse_pte_thp = ReusePte::exclusive;
  rules.reuse_hugetlb = ReuseHugetlb::refs;
  rules.reuse_in_swapin = ReuseSwapIn::marker;
  rules.gup_ro = GupRead::unshare_all;
  rules.gup_fast_ro = GupFastRead::none;
  rules.exclusive_mark = Flag::yes;
  rules.fork_pinned = ForkPinned::referenced;
  rules.fork_hugetlb_copy = Flag::yes;
  rules.reclaim_pinned = Reclaim::never;
  rules.force_write = ForceWrite::exclusive;
  rules.merging = Merging::never;
  rules.uffd_wp = UffdWp::markers;
  return rules;
}

}  // namespace

const RuleSet kGvisor{
    "gvisor",
    "gVisor, August 2026",
    "A mapping that need not copy (here: the mark) is written in place; one that must is too, "
    "once its memory is referenced once. A pin breaks sharing first, also for reading, and is "
    "a reference. A fork copies what need not copy and is referenced by anything else, in a "
    "process that ever pinned. Under locks throughout; no swap, no merging.",
    rules_of_gvisor,
};

}  // namespace lab::model::rules
