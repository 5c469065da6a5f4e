// What a file of /proc says.
#pragma once

#include <optional>
#include <string>

namespace cleave::program {

/// All of it; nothing: it cannot be read to its end.
std::optional<std::string> text_of(const char* path);

/// What the line that begins with `key` and a colon says, without blanks before it; empty: there is
/// none.
std::string value_in(const std::string& text, const std::string& key);

}  // namespace cleave::program
