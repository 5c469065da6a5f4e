#include "lab/model/rules/all.h"

namespace lab::model::rules {
namespace {

Rules rules_of_e1a() {
  Rules rules = kE0.make();
  rules.share_barriers = Flag::yes;
  rules.mprotect_upgrades = Flag::yes;
  rules.force_write = ForceWrite::exclusive;
  return rules;
}

}  // namespace

const RuleSet kE1a{
    "E1a",
    "Linux 6.1",
    "As E0, with the barriers that the lockless way needs where it is not held up by flushes "
    "(6.1); forced writes ask for the mark, and mprotect makes marked pages writable at once "
    "(6.0). The first of four: E1a, E1b, E1c and E1 are one rule as it grew.",
    rules_of_e1a,
};

}  // namespace lab::model::rules
