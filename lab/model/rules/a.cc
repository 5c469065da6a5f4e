#include "lab/model/rules/all.h"

namespace lab::model::rules {
namespace {

Rules rules_of_a() {
  Rules rules;
  rules.reuse_small = ReuseSmall::map;
  rules.reuse_pmd_thp = ReusePmd::map_torn;  // CVE-2020-29368
  rules.reuse_pte_thp = ReusePte::map_most;
  rules.reuse_hugetlb = ReuseHugetlb::map;
  rules.reuse_in_swapin = ReuseSwapIn::map;
  rules.reuse_ksm = ReuseKsm::frozen;
  rules.page_lock_in_wp = PageLock::blocking;
  rules.gup_ro = GupRead::take;
  rules.gup_fast_ro = GupFastRead::readable;
  rules.fork_pinned = ForkPinned::none;
  rules.fork_seq = ForkSeq::none;
  rules.fork_keeps_wp = Flag::no;
  rules.reclaim_pinned = Reclaim::careless;
  rules.share_barriers = Flag::no;
  rules.discard_hugetlb = Flag::no;
  rules.move_hugetlb = Flag::no;
  rules.force_write = ForceWrite::dirty;
  return rules;
}

}  // namespace

const RuleSet kA{
    "A",
    "Linux up to 5.7",
    "A page that is mapped once is its mapper's to write. References are no mappings, and "
    "nobody asks for them: a read reference takes whatever page is mapped, and a fork shares "
    "what is pinned. The rule since the 1990s; CVE-2020-29374 (Jann Horn, May 2020) ended it.",
    rules_of_a,
};

}  // namespace lab::model::rules
