// A minimal program as a litmus file, with what is expected of it and why it matters.
#pragma once

#include <string>
#include <vector>

#include "lab/hunt/play/question.h"
#include "lab/hunt/program/test.h"

namespace lab::hunt {

/// The file's text. What is expected of each rule-set is what the laboratory's own judge says of
/// the file; `shows` only says it where a test performs things in its own way.
std::string file_of(const Program& program, explore::Memory memory, const Shown& shown,
                    const Options& options, const std::vector<bool>& shows);

}  // namespace lab::hunt
