// The words that programs are made of: those of the language, each with what may stand after it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "lab/litmus/test.h"
#include "lab/spec/act.h"

namespace lab::hunt {

/// A word as a program may say it, without the names it is given: "pin write fast", "protect ro".
struct Shape {
  std::string text;
  litmus::Word word;
  litmus::Access access = {};
  litmus::Protection protection = litmus::Protection::none;
  litmus::Phase phase = litmus::Phase::begin;
};

/// All that the specification has a meaning for, in the order of the language.
const std::vector<Shape>& shapes();

/// The shapes that `text` names, with commas: "write,fork,pin fast"; "all" stands for all,
/// "usual" for what a hunt takes by default, and "-NAME" takes one out again. In the order of
/// shapes(), whatever the order of `text`. The error says what was not understood.
tl::expected<std::vector<Shape>, std::string> parse_shapes(std::string_view text);

}  // namespace lab::hunt
