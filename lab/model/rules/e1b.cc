#include "lab/model/rules/all.h"

namespace lab::model::rules {
namespace {

Rules rules_of_e1b() {
  Rules rules = kE1a.make();
  rules.gup_ro = GupRead::unshare_long;
  rules.ksm_unmerge = KsmUnmerge::unshare;
  rules.force_hugetlb = Flag::no;
  rules.uffd_continue = UffdContinue::protects;  // 6.4
  return rules;
}

}  // namespace

const RuleSet kE1b{
    "E1b",
    "Linux 6.2 to 6.7",
    "As E1a, and long read pins break the sharing of file and zero pages; merged pages are taken "
    "apart without a write; hugetlb memory that is read-only takes no forced writes (6.2).",
    rules_of_e1b,
};

}  // namespace lab::model::rules
