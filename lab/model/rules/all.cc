#include "lab/model/rules/all.h"

namespace lab::model {

const std::vector<RuleSet>& rule_sets() {
  using namespace rules;
  static const std::vector<RuleSet> all = {kA,   kB,   kC0,  kC1, kC2, kD0,   kD1,     kE0,
                                           kE1a, kE1b, kE1c, kE1, kF,  kFail, kGvisor, kCleave};
  return all;
}

}  // namespace lab::model
