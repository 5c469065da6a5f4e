// The file of a program that is to be started.
#pragma once

#include <filesystem>
#include <string>

namespace cleave::command::run {

/// Where the shell would find it. Throws std::runtime_error with what is wrong: there is none, or
/// it cannot be executed.
std::filesystem::path found(const std::string& program);

/// Throws std::runtime_error with the reason where a preloaded library would not be in it: it is
/// linked statically, for another machine, or gains privileges. A script's interpreter counts.
void check_can_preload(const std::filesystem::path& program);

}  // namespace cleave::command::run
