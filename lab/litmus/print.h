// The canonical form of a test.
#pragma once

#include <string>

#include "lab/litmus/test.h"

namespace lab::litmus {

/// The test's text. parse() gives the same test again; to print that gives the same text. Comments
/// are kept: one that had no line of its own to stand at goes to the line before the next
/// statement.
std::string print(const Test& test);

std::string print(const Operation& operation);
std::string print(const Condition& condition);
std::string print(const Place& place);
std::string print(const Judges& judges);
/// The first line of a statement, without its label: "if r = 1", "write x 2".
std::string headline(const Statement& statement);

}  // namespace lab::litmus
