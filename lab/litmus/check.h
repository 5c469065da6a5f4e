// What the grammar cannot say: that names are known, that a reference has one owner, that a process
// is forked once.
#pragma once

#include <vector>

#include "lab/litmus/diagnostic.h"
#include "lab/litmus/test.h"

namespace lab::litmus {

/// All that is wrong with a test that keeps the grammar, in the order of the file. Judges' names
/// are not looked at: only a judge knows them.
std::vector<Diagnostic> check(const Test& test);

}  // namespace lab::litmus
