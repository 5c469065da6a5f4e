// What programs begin with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "lab/litmus/test.h"
#include "lab/spec/promise.h"

namespace lab::hunt {

/// Pages of the first process, by a name for the command line.
struct Start {
  std::string name;
  std::vector<litmus::Page> pages;
  litmus::Swap swap = litmus::Swap::ordinary;
  spec::Beginning beginning;
  bool alike = false;  ///< a program of one of the pages could be one of another
};

const std::vector<Start>& starts();
/// "small,huge", or "all". The error lists those that there are.
tl::expected<std::vector<const Start*>, std::string> parse_starts(std::string_view text);

}  // namespace lab::hunt
