#include "lab/model/rules/all.h"

namespace lab::model::rules {
namespace {

Rules rules_of_c0() {
  Rules rules = kB.make();
  rules.reuse_small = ReuseSmall::refs;
  rules.reuse_pte_thp = ReusePte::refs;
  rules.reuse_ksm = ReuseKsm::never;
  rules.page_lock_in_wp = PageLock::trylock;
  rules.gup_ro = GupRead::take;
  rules.gup_fast_ro = GupFastRead::readable;
  rules.fork_pinned = ForkPinned::any;
  return rules;
}

}  // namespace

const RuleSet kC0{
    "C0",
    "Linux 5.9 and 5.10",
    "A page that is referenced once is its mapper's to write; else copy, which is always "
    "safe. A fork copies what may be pinned. Linus Torvalds and Peter Xu, August and "
    "September 2020. Swap-in and huge pages still ask for maps, and a process' own pin is a "
    "reference too: whatever write-protects a pinned page lets the next write copy away from "
    "its device.",
    rules_of_c0,
};

}  // namespace lab::model::rules
