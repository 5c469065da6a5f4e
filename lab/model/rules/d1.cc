#include "lab/model/rules/all.h"

namespace lab::model::rules {
namespace {

Rules rules_of_d1() {
  Rules rules = kD0.make();
  rules.reuse_small = ReuseSmall::map;
  rules.reuse_pte_thp = ReusePte::map_most;
  rules.reuse_ksm = ReuseKsm::frozen;
  rules.page_lock_in_wp = PageLock::blocking;
  return rules;
}

}  // namespace

const RuleSet kD1{
    "D1",
    "announced, December 2021",
    "Where the series D0 was to lead: with read references unshared, a write fault could ask "
    "for the map count again. It was never posted: two references and one map do not tell "
    "whose the other reference is.",
    rules_of_d1,
};

}  // namespace lab::model::rules
