// The rule-sets, a page each. One derives from another where history did.
#pragma once

#include "lab/model/decide/rules.h"

namespace lab::model::rules {

extern const RuleSet kA, kB, kC0, kC1, kC2, kD0, kD1, kE0, kE1a, kE1b, kE1c, kE1,
    kF;                                        // of Linux, in the order of time
extern const RuleSet kFail, kGvisor, kCleave;  // of others

}  // namespace lab::model::rules
