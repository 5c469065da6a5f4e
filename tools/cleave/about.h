// What `cleave` itself says: for its help, and for its man page.
#pragma once

#include <array>

namespace cleave::command {

inline constexpr const char* kTitle = "memory that branches";

inline constexpr const char* kAbout =
    "A program keeps its state in an arena, native memory that commits and checks out, or in a\n"
    "space, which forks in under a microsecond, whatever its size. Beside both stands a\n"
    "laboratory for the rules that Linux and others have for shared and pinned pages.\n";

struct Option {
  const char* names;
  const char* what;
};

inline constexpr std::array kOptions{
    Option{"-h,--help", "Print this help message and exit"},
    Option{"--version", "Display program version information and exit"},
};

}  // namespace cleave::command
