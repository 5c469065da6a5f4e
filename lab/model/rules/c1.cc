#include "lab/model/rules/all.h"

namespace lab::model::rules {
namespace {

Rules rules_of_c1() {
  Rules rules = kC0.make();
  rules.fork_seq = ForkSeq::recheck;
  rules.fork_hugetlb_copy = Flag::yes;
  rules.fork_keeps_wp = Flag::yes;  // lost until 5.12
  rules.reclaim_pinned = Reclaim::check;
  rules.softdirty_skips_pinned = Flag::yes;
  rules.uffd_continue = UffdContinue::plain;  // 5.14
  rules.move_hugetlb = Flag::yes;             // 5.16
  return rules;
}

}  // namespace

const RuleSet kC1{
    "C1",
    "Linux 5.11 to 5.17",
    "As C0, and the lockless way tells that a fork was under way (Jason Gunthorpe, November "
    "2020); reclaim and clear_refs pass by what may be pinned (Linus Torvalds, January 2021), "
    "though nothing orders their asking with a pin just being made. hugetlb pages are copied "
    "by forks from 5.12 on.",
    rules_of_c1,
};

}  // namespace lab::model::rules
