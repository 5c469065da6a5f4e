// Where in the engine's sources something happens, for a person.
#pragma once

#include <string>
#include <string_view>

#include <cleave/detail/explored.h>

namespace lab::engine {

/// "load", "compare-exchange", "memory read".
[[nodiscard]] const char* name_of(cleave::detail::sync::Kind kind);
/// "space/space.cc" of a whole path of the engine's, "include/cleave/..." of a public one.
[[nodiscard]] std::string_view short_name(std::string_view path);
/// The text of that line, without blanks at its ends; empty where the sources are not there.
[[nodiscard]] std::string source_line(const char* path, unsigned line);

}  // namespace lab::engine
