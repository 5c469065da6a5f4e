// The least of a program that still shows the same.
#pragma once

#include "lab/hunt/play/question.h"

namespace lab::hunt {

/// A program like `program` that shows the same kind of thing of variant `of`, and of which no part
/// can go: no act, none of a race's two sides, no race where one order will do, nothing special at
/// the start. Cost: one question a part, again after each that went.
Program minimise(Program program, std::size_t of, explore::Memory memory, const std::string& kind,
                 Question& question);

/// The program without its act number `at`, and without what then refers to nothing.
Program without(const Program& program, std::size_t at);

}  // namespace lab::hunt
