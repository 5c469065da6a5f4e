#include "lab/model/rules/all.h"

namespace lab::model::rules {
namespace {

Rules make() {
  Rules rules = kE0.make();
  rules.share_barriers = Flag::yes;
  rules.gup_ro = GupRead::unshare_long;
  rules.mprotect_upgrades = Flag::yes;
  rules.force_write = ForceWrite::exclusive;
  rules.ksm_unmerge = KsmUnmerge::unshare;
  rules.uffd_move = UffdMove::exclusive;  // 6.8
  return rules;
}

}  // namespace

const RuleSet kE1{
    "E1",
    "Linux 6.1 to 6.14",
    "As E0, with the barriers that the lockless way needs where it is not held up by flushes "
    "(6.1); long read pins break the sharing of file and zero pages, and merged pages are "
    "taken apart without a write (6.2); forced writes ask for the mark (6.0).",
    make,
};

}  // namespace lab::model::rules
