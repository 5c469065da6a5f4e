// How a command ends before its last line.
#pragma once

#include <array>

namespace cleave::console {

/// Thrown to end the command, once everything is said, with one of the statuses below.
struct Exit {
  int status;
};

/// What a status says, of any command.
struct StatusMeaning {
  int status;
  const char* what;
};
inline constexpr std::array kStatusMeanings{
    StatusMeaning{0, "All is well."},
    StatusMeaning{1, "What was checked does not hold."},
    StatusMeaning{2,
                  "It could not start: bad usage, bad input, or an output that cannot be written."},
    StatusMeaning{3, "Nothing speaks against it so far, but a search was cut off."},
};

}  // namespace cleave::console
