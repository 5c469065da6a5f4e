// How a command ends before its last line.
#pragma once

namespace cleave::console {

/// Thrown to end the command, once everything is said: 0, all is well; 1, what was checked does not
/// hold; 2, it could not start.
struct Exit {
  int status;
};

}  // namespace cleave::console
