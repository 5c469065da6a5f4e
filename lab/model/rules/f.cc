#include "lab/model/rules/all.h"

namespace lab::model::rules {
namespace {

Rules rules_of_f() {
  Rules rules = kE1.make();
  rules.reuse_pte_thp = ReusePte::owner;
  rules.reclaim_pinned = Reclaim::again;
  rules.swapin_read_writable = Flag::yes;
  rules.lazyfree = LazyFree::kept;
  return rules;
}

}  // namespace

const RuleSet kF{
    "F",
    "Linux 6.15 to 6.18",
    "As E1, and a large folio knows which processes map it: with only one left and no other "
    "references, its pages are written in place. David Hildenbrand, March 2025. Reclaim asks "
    "for pins once more at the end, and what is lazily freed and referenced stays so.",
    rules_of_f,
};

}  // namespace lab::model::rules
