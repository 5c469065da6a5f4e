// What was seen at the end of a program, in the words of the language.
#pragma once

#include <optional>

#include "lab/litmus/test.h"
#include "lab/spec/observation.h"

namespace lab::hunt {

/// The first thing in which the two differ, as `one` has it; nothing: they are alike. Of `promise`
/// is taken who is still there to be asked.
std::optional<litmus::Condition> difference(const spec::Promise& promise,
                                            const spec::Observation& one,
                                            const spec::Observation& other);
/// All that was seen.
litmus::Condition whole(const spec::Promise& promise, const spec::Observation& seen);

/// What an outsider can ask, of it only what is certain: contents, and what last looks saw.
/// Nothing: there is none.
std::optional<litmus::Condition> seen_outside(const spec::Promise& promise,
                                              const spec::Observation& seen);

}  // namespace lab::hunt
