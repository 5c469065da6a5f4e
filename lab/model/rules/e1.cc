#include "lab/model/rules/all.h"

namespace lab::model::rules {
namespace {

Rules rules_of_e1() {
  Rules rules = kE1c.make();
  rules.reuse_pte_thp = ReusePte::exclusive;
  rules.force_hugetlb = Flag::yes;  // 6.13
  return rules;
}

}  // namespace

const RuleSet kE1{
    "E1",
    "Linux 6.10 to 6.14",
    "As E1c, and the last entry of a large folio no longer makes its page the process' own: "
    "that kept the whole folio in memory (6.10). Forced writes reach hugetlb memory again "
    "(6.13). The last of the four.",
    rules_of_e1,
};

}  // namespace lab::model::rules
