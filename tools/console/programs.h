// The programs that cleave's commands are: `cleave demo` is cleave-demo.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cleave::console {

/// The folder of the program that runs.
std::filesystem::path own_folder();

/// Where cleave-`command` is: beside the program that runs; where programs of its own are installed
/// (<prefix>/libexec/cleave); or on the PATH. Nothing: it is in none of these.
std::optional<std::filesystem::path> find_program(const std::string& command);

/// What a program writes to its standard output until it ends; empty: it cannot be started.
std::string output_of(const std::filesystem::path& program, std::vector<std::string> arguments);

}  // namespace cleave::console
