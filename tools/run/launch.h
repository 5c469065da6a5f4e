// Starts a program with the library that puts it under commits.
#pragma once

#include <string>
#include <vector>

namespace cleave::command::run {

/// Becomes the program: the process, the terminal and the exit status are its own. `control`: where
/// it listens for commands; empty: nowhere. Throws std::runtime_error with what stands in the way.
[[noreturn]] void become(const std::vector<std::string>& words, const std::string& control);

}  // namespace cleave::command::run
