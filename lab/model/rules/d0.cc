#include "lab/model/rules/all.h"

namespace lab::model::rules {
namespace {

Rules rules_of_d0() {
  Rules rules = kC1.make();
  rules.gup_ro = GupRead::unshare_mapped;
  rules.gup_fast_ro = GupFastRead::mapped_once;
  return rules;
}

}  // namespace

const RuleSet kD0{
    "D0",
    "proposed, 17 December 2021",
    "As C1, and a thread that takes a read reference to a page that is mapped more than once gets "
    "a "
    "copy of its own first. David Hildenbrand's series as posted. The map count is read "
    "without a lock while forks go on, and does not count those who have the page on swap: "
    "refused.",
    rules_of_d0,
};

}  // namespace lab::model::rules
