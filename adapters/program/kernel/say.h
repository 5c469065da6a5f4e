// Sentences for the person who started the program, on standard error.
#pragma once

#include <string_view>

namespace cleave::program {

/// "cleave run: " and the text, in one write. Allocates nothing. Any moment, signal handlers too.
void say(std::string_view text) noexcept;

}  // namespace cleave::program
