#include "lab/model/rules/all.h"

namespace lab::model::rules {
namespace {

Rules rules_of_e1c() {
  Rules rules = kE1b.make();
  rules.swapin_direct = SwapInDirect::held;
  rules.uffd_move = UffdMove::exclusive;
  rules.uffd_async = Flag::yes;  // 6.7
  return rules;
}

}  // namespace

const RuleSet kE1c{
    "E1c",
    "Linux 6.8 and 6.9",
    "As E1b, and userfaultfd moves pages; two faults no longer read one swap slot at a time (6.8). "
    "Write protection need not make a thread wait (6.7).",
    rules_of_e1c,
};

}  // namespace lab::model::rules
