#include "lab/model/rules/all.h"

namespace lab::model::rules {
namespace {

Rules rules_of_c2() {
  Rules rules = kC1.make();
  rules.reuse_small = ReuseSmall::refs_freed;
  rules.reuse_pmd_thp = ReusePmd::refs;
  rules.reuse_in_swapin = ReuseSwapIn::refs;
  rules.lazyfree = LazyFree::refs;
  rules.discard_hugetlb = Flag::yes;
  return rules;
}

}  // namespace

const RuleSet kC2{
    "C2",
    "Linux 5.18",
    "As C1, and swap-in and huge pages ask for references as well, once the swap cache and "
    "the own LRU batch have let go of theirs. David Hildenbrand, January 2022, the first of "
    "three series: it ends what was missed, and leaves what is copied wrongly to the next. "
    "hugetlb memory can be discarded (5.18).",
    rules_of_c2,
};

}  // namespace lab::model::rules
