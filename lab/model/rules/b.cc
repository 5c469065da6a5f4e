#include "lab/model/rules/all.h"

namespace lab::model::rules {
namespace {

Rules rules_of_b() {
  Rules rules = kA.make();
  rules.reuse_pmd_thp = ReusePmd::map;
  rules.gup_ro = GupRead::write;
  rules.gup_fast_ro = GupFastRead::writable;
  return rules;
}

}  // namespace

const RuleSet kB{
    "B",
    "Linux 5.8, and the stable kernels of that summer",
    "As A, and every read reference to a page that may be copied on write first does what a "
    "write would do. Linus Torvalds, May 2020. Nobody else's later writes can be seen any "
    "more, but reads allocate, and wake those who wait for writes; withdrawn in September.",
    rules_of_b,
};

}  // namespace lab::model::rules
