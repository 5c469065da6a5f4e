// Whether two tests are the same program, whatever their names, values and texts.
#pragma once

#include <string>

#include "lab/litmus/test.h"

namespace lab::hunt {

/// The pages, and what each thread does, with all names by the order in which they come first.
/// Registers, conditions, texts, and references that are given back when nothing follows, are left
/// out. Equal texts: one program.
std::string canonical(const litmus::Test& test);

}  // namespace lab::hunt
