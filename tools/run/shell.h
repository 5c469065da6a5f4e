// `cleave run --shell`: commands from the terminal or the script that the program is used from.
#pragma once

#include <string>
#include <vector>

namespace cleave::command::run {

/// Runs the program until it ends; its exit status. At a terminal, Ctrl-] begins a command, and all
/// other keys are the program's. Elsewhere lines that begin with a colon are commands; each waits
/// until the program has read what stands before it, and waits for more. Throws std::runtime_error.
int run_in_shell(const std::vector<std::string>& words);

}  // namespace cleave::command::run
