#include "lab/model/rules/all.h"

namespace lab::model::rules {
namespace {

Rules rules_of_e0() {
  Rules rules = kC2.make();
  rules.reuse_small = ReuseSmall::exclusive;
  rules.reuse_pmd_thp = ReusePmd::exclusive;
  rules.reuse_pte_thp = ReusePte::last;
  rules.reuse_in_swapin = ReuseSwapIn::marker;
  rules.gup_ro = GupRead::unshare;
  rules.gup_fast_ro = GupFastRead::exclusive;
  rules.exclusive_mark = Flag::yes;
  rules.unpin_check = Flag::yes;
  rules.fork_pinned = ForkPinned::exclusive;
  rules.reclaim_pinned = Reclaim::share;
  rules.swap_marker = Flag::yes;
  rules.uffd_wp = UffdWp::markers;
  return rules;
}

}  // namespace

const RuleSet kE0{
    "E0",
    "Linux 5.19 and 6.0",
    "A mark on the page says that it is exclusive to one process. Marked pages are written in "
    "place, only marked pages are pinned, read pins unshare to get there, and what may be "
    "pinned does not lose its mark. David Hildenbrand, March 2022, on the two rules of Linus "
    "Torvalds of December 2021: this is option (2) of his mail of 21 December.",
    rules_of_e0,
};

}  // namespace lab::model::rules
