#include "lab/model/rules/all.h"

namespace lab::model::rules {
namespace {

Rules rules_of_fail() {
  Rules rules = kE1.make();
  rules.gup_ro = GupRead::fail;
  return rules;
}

}  // namespace

const RuleSet kFail{
    "fail",
    "proposed, 21 December 2021",
    "E1 with option (1) of David Hildenbrand's mail of 21 December 2021: a read pin of a page "
    "that is not marked exclusive is refused instead of unshared. After a fork, writing memory to "
    "a file with O_DIRECT fails until a store has made the page the process' own again.",
    rules_of_fail,
};

}  // namespace lab::model::rules
