// One emulator, measured as often as whoever started this process asks: cleave bench does.
#pragma once

#include <filesystem>
#include <string>

namespace cleave::example {

/// Lines of the standard input say "commits" or "states"; each answer is a line of microseconds: to
/// undo a frame, a commit and what it costs the next frame; or to save and to load the state. What
/// the process ends with; 77: the package is not here. It may end the process itself.
int answer(const std::string& package, const std::filesystem::path& cores, int frames);

}  // namespace cleave::example
